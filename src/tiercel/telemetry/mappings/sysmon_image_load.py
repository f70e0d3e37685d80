"""Sysmon 7, image loaded: DeviceImageLoadEvents, and one DeviceFileCertificateInfo row for each file of a device.

The version fields of the event describe the loaded file, for which the table has no columns; its VersionInfo columns
are the process's. The signature is the one source for DeviceFileCertificateInfo there is in Windows logs; that a root
is Microsoft's own can only be told from the signer's name, so it is left open unless it is Windows itself.
"""

from __future__ import annotations

from typing import Final

from tiercel.telemetry.mappings.columns import ACTING, EVENT, initiating
from tiercel.telemetry.mappings.kind import Channel, Family, Kind, Rows

__all__ = ["KIND"]

_FIELDS: Final = (
    "UtcTime",
    "ProcessGuid",
    "ProcessId",
    "Image",
    "ImageLoaded",
    "Hashes",
    "Signed",
    "Signature",
    "SignatureStatus",
    "User",
)

KIND: Final = Kind(
    name="sysmon_image_load",
    family=Family.IMAGE,
    channel=Channel.SYSMON,
    event_ids=(7,),
    fields=_FIELDS,
    in_message=Kind.sysmon_text(*_FIELDS),
    parsed_if="UtcTime",
    dropped=("ProcessId",),
    rows=(
        Rows(
            table="DeviceImageLoadEvents",
            values={
                **EVENT,
                **initiating("DeviceImageLoadEvents"),
                "ActionType": "'ImageLoaded'",
                "FileName": "base_name(e.ImageLoaded)",
                "FolderPath": "e.ImageLoaded",
                "SHA1": "hash_of(e.Hashes, 'SHA1')",
                "SHA256": "hash_of(e.Hashes, 'SHA256')",
                "MD5": "hash_of(e.Hashes, 'MD5')",
            },
            joins=ACTING,
        ),
        Rows(
            table="DeviceFileCertificateInfo",
            values={
                "Timestamp": "e.moment",
                "DeviceId": "e.device_id",
                "DeviceName": "e.device_name",
                "SHA1": "e.sha1",
                "IsSigned": "e.signed",
                "SignatureType": "''",
                "Signer": "e.signer",
                "IsTrusted": "e.trusted",
                "IsRootSignerMicrosoft": "CASE WHEN e.trusted AND e.signer = 'Microsoft Windows' THEN true END",
                "ReportId": "e.report_id",
                "_Source": "e.source",
            },
            events="""(SELECT device_id, sha1, min(moment) AS moment, arg_min(device_name, event) AS device_name,
                arg_min(report_id, event) AS report_id, arg_min(source, event) AS source,
                arg_min(lower(Signed) = 'true', event) AS signed,
                arg_min(coalesce(known(Signature), ''), event) AS signer,
                arg_min(lower(Signed) = 'true' AND SignatureStatus = 'Valid', event) AS trusted
                FROM (SELECT *, hash_of(Hashes, 'SHA1') AS sha1 FROM event_sysmon_image_load
                    WHERE lower(Signed) IN ('true', 'false'))
                WHERE sha1 <> '' GROUP BY device_id, sha1)""",
        ),
    ),
)
