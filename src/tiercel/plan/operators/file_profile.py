"""`invoke FileProfile(...)`: what is known of a file by its hash, from own data where Defender asks its service."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from tiercel.errors import Severity
from tiercel.kql import Source, parse, syntax
from tiercel.plan.compiler import OPEN
from tiercel.plan.literals import constant
from tiercel.plan.operators.columns import field_of
from tiercel.plan.relation import Relation
from tiercel.plan.scope import ScalarBinding, Scope, TableBinding, did_you_mean
from tiercel.plan.statements import run
from tiercel.plan.values import Broken, Refusal
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from tiercel.plan.context import Context

__all__ = ["file_profile"]

_TABLE: Final = "FileProfile"
_SOURCES: Final = frozenset(
    {"DeviceProcessEvents", "DeviceImageLoadEvents", "DeviceFileEvents", "DeviceFileCertificateInfo"}
)
_MOST: Final = 1_000
_DEFAULT: Final = 100

_OWN_DATA: Final = """
let Seen = union
    (DeviceProcessEvents | project DeviceId, Timestamp, SHA1, SHA256, MD5, FileSize = toint(FileSize)),
    (DeviceImageLoadEvents | project DeviceId, Timestamp, SHA1, SHA256, MD5, FileSize = toint(FileSize)),
    (DeviceFileEvents | project DeviceId, Timestamp, SHA1, SHA256, MD5, FileSize = toint(FileSize))
| extend hash_ = iff(ByLongHash, SHA256, SHA1)
| where isnotempty(hash_)
| summarize
    GlobalPrevalence = toint(dcount(DeviceId)), GlobalFirstSeen = min(Timestamp), GlobalLastSeen = max(Timestamp),
    SHA1 = take_any(SHA1), SHA256 = take_any(SHA256), MD5 = take_any(MD5), FileSize = take_any(FileSize)
    by hash_;
let Signed = DeviceFileCertificateInfo
| summarize arg_max(Timestamp, IsSigned, IsTrusted, IsRootSignerMicrosoft, Signer, Issuer, SignerHash) by SHA1
| project SHA1, Signer, Issuer, SignerHash, IsCertificateValid = IsTrusted, IsRootSignerMicrosoft,
    SignatureState = case(IsSigned and IsTrusted, "SignedValid", IsSigned, "SignedInvalid", "Unsigned");
Seen
| lookup kind=leftouter (Signed) on SHA1
| extend SignatureState = iff(isempty(SignatureState), "Unknown", SignatureState), IsExecutable = bool(null),
    ThreatName = "", Publisher = "", SoftwareName = ""
"""

_GIVEN: Final = """
FileProfile
| extend hash_ = iff(ByLongHash, column_ifexists("SHA256", ""), column_ifexists("SHA1", ""))
| where isnotempty(hash_)
"""

_ENRICHED: Final = """
let Asked = T | where isnotempty(hash_) | distinct hash_ | top Limit by hash_ asc;
let Found = Asked
| lookup kind=leftouter (Known | extend found_ = true) on hash_
| extend ProfileAvailability = iff(found_, "Available", "Missing");
T
| lookup kind=leftouter (Found) on hash_
| project-away hash_, found_
"""


@cache
def _statements(text: str) -> tuple[syntax.Statement, ...]:
    query = parse(Source(text, path="FileProfile")).query
    return query.statements if query is not None else ()


def file_profile(context: Context, rows: Relation, call: syntax.Call) -> Relation:
    """The rows with what is known of the files that a column's hashes name.

    `FileProfile(SHA1, 1000)`: a column (SHA1, SHA256, InitiatingProcessSHA1, InitiatingProcessSHA256), and how many
    different hashes are looked up (100 if not written). Adds GlobalPrevalence, GlobalFirstSeen, GlobalLastSeen, Signer,
    Issuer, SignatureState, ProfileAvailability (`Available`, `Missing`, empty where it was not asked) and others.

    Where we differ: Defender asks its own service. Here a table `FileProfile` is read where there is one; else the
    own devices that ran, loaded or wrote the file are counted, signatures read from DeviceFileCertificateInfo, and a
    warning says so.
    """
    column, limit = _arguments(context, call)
    if rows.is_open:
        return OPEN
    tables = context.compiler.tables
    if _TABLE not in tables and not set(tables) >= _SOURCES:
        raise Refusal("kql-unsupported", "`FileProfile` is not supported: it asks Defender's own service")
    rows = context.compiler.seal(rows)
    found = rows.find(column)
    if found is None:
        hint = did_you_mean(column, rows.names)
        raise Refusal("kql-unknown-column", f"no column here is called `{column}`", hint, call.region)
    scope = Scope()
    scope.own["ByLongHash"] = ScalarBinding(constant(column.endswith("SHA256"), KustoType.BOOL))
    scope.own["Limit"] = ScalarBinding(constant(limit, KustoType.LONG))
    known = run(context.within(scope), _statements(_GIVEN if _TABLE in tables else _OWN_DATA))
    if not isinstance(known, Relation) or known.is_open:
        return OPEN
    own = {one.name for one in rows.fields}
    known = known.with_fields(one for one in known.fields if one.name == "hash_" or one.name not in own)
    scope.own["Known"] = TableBinding(context.compiler.seal(known))
    keyed = rows.with_fields([*rows.fields, field_of("hash_", found.typed())])
    scope.own["T"] = TableBinding(context.compiler.seal(keyed))
    result = run(context.within(scope), _statements(_ENRICHED))
    if _TABLE not in tables:
        message = "GlobalPrevalence counts the own devices here, not Microsoft's"
        hint = f"a table `{_TABLE}` with SHA1 and GlobalPrevalence is read instead, where there is one"
        context.compiler.report("kql-local-prevalence", message, call.region, hint, Severity.WARNING)
    return result if isinstance(result, Relation) else OPEN


def _arguments(context: Context, call: syntax.Call) -> tuple[str, int]:
    column, limit = "SHA1", _DEFAULT
    if len(call.arguments) > 2:
        raise Refusal("kql-argument-count", f"`{call.name}` takes 0 to 2 arguments, found {len(call.arguments)}")
    if call.arguments:
        first = call.arguments[0]
        if isinstance(first, syntax.Name):
            column = first.text
        elif isinstance(first, syntax.Literal) and isinstance(first.value, str):
            column = first.value
        else:
            raise Refusal("kql-argument-type", "the first argument is a column that holds hashes", region=first.region)
    if len(call.arguments) > 1:
        value = context.over(None).lower(call.arguments[1])  # type: ignore[arg-type]  # refused by `lower` otherwise
        if isinstance(value, Broken):
            return column, limit
        if not isinstance(value.value, int) or not 1 <= value.value <= _MOST:
            region = call.arguments[1].region
            raise Refusal("kql-argument-value", f"the second argument is a number from 1 to {_MOST}", region=region)
        limit = value.value
    return column, limit
