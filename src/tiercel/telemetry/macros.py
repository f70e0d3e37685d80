"""The small SQL functions that mappings and corrections share, as temporary DuckDB macros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

__all__ = ["create_macros", "drop_macros"]

_ZERO_RUNS: Final = ", ".join(f"regexp_replace(ip, '(^|:)0(:0){{{run - 1}}}(:|$)', '::')" for run in range(8, 1, -1))

_MACROS: Final[dict[str, str]] = {
    # A time as a shipper writes it, as UTC: with an offset it is moved, else it is taken as it stands.
    "read_time(t)": """CASE WHEN t IS NULL OR t = '' THEN NULL
        WHEN length(t) > 19 AND regexp_matches(t, '[+-]\\d\\d:?\\d\\d$')
        THEN try_cast(regexp_replace(t, '[+-]\\d\\d:?\\d\\d$', '') AS TIMESTAMP)
            - to_minutes(CAST(regexp_extract(t, '([+-])\\d\\d:?\\d\\d$', 1) || '1' AS INTEGER)
                * (60 * CAST(regexp_extract(t, '[+-](\\d\\d):?\\d\\d$', 1) AS INTEGER)
                   + CAST(regexp_extract(t, '[+-]\\d\\d:?(\\d\\d)$', 1) AS INTEGER)))
        WHEN starts_with(t, '/Date(') THEN make_timestamp(try_cast(regexp_extract(t, '-?\\d+') AS BIGINT) * 1000)
        ELSE try_cast(t AS TIMESTAMP) END""",
    # '-', '?', '<unknown process>' and the like stand for nothing.
    "known(t)": "CASE WHEN t IN ('-', '?', '', '<unknown process>') THEN NULL ELSE t END",
    "base_name(path)": "regexp_extract(path, '[^\\\\/]*$')",
    "number(t)": "try_cast(t AS BIGINT)",
    "port(t)": "try_cast(t AS INTEGER)",
    "account_domain(t)": "CASE WHEN contains(t, '\\') THEN lower(split_part(t, '\\', 1)) ELSE '' END",
    "account_name(t)": "lower(CASE WHEN contains(t, '\\') THEN split_part(t, '\\', 2) ELSE t END)",
    # A Sysmon ProcessGuid without braces, in lower case; the all-zero one stands for nothing.
    "plain_guid(t)": """CASE WHEN length(t) < 36 OR contains(t, '00000000-0000-0000-0000') THEN NULL
        ELSE lower(trim(t, '{} ')) END""",
    # Its second and third group are the start of the process in Unix seconds, low half first.
    "guid_started(g)": """make_timestamp(1000000 * nullif(
        try_cast('0x' || substr(g, 15, 4) || substr(g, 10, 4) AS BIGINT), 0))""",
    # Addresses in one spelling: no zone, no ::ffff:, IPv6 compressed.
    "plain_ip(t)": """CASE WHEN t IS NULL OR t IN ('-', '') THEN NULL
        WHEN NOT contains(t, ':') THEN t
        WHEN starts_with(lower(t), '::ffff:') AND contains(t, '.') THEN substr(t, 8)
        WHEN lower(t) LIKE '0:0:0:0:0:ffff:%.%' THEN split_part(t, ':', 7)
        ELSE compressed_ip(
            regexp_replace(regexp_replace(lower(t), '%.*$', ''), '(^|:)0+([0-9a-f])', '\\1\\2', 'g')) END""",
    "compressed_ip(ip)": f"""CASE WHEN contains(ip, '::') THEN ip
        ELSE coalesce(list_filter([{_ZERO_RUNS}], lambda x: contains(x, '::'))[1], ip) END""",
    "is_loopback(ip)": "(starts_with(ip, '127.') OR ip = '::1')",
    # Defender's names for kinds of address.
    "ip_type(ip)": """CASE WHEN ip IS NULL OR ip = '' THEN ''
        WHEN is_loopback(ip) THEN 'Loopback'
        WHEN contains(ip, ':') THEN CASE
            WHEN starts_with(ip, '2001:0:') OR starts_with(ip, '2001::') THEN 'Teredo'
            WHEN starts_with(ip, 'fc') OR starts_with(ip, 'fd') THEN 'Private'
            WHEN regexp_matches(ip, '^(fe[89ab]|ff)') OR ip = '::' THEN 'Reserved'
            WHEN starts_with(ip, '::ffff:') THEN 'FourToSixMapping'
            ELSE 'Public' END
        WHEN ip = '255.255.255.255' THEN 'Broadcast'
        WHEN regexp_matches(ip, '^(10\\.|192\\.168\\.|172\\.(1[6-9]|2\\d|3[01])\\.)') THEN 'Private'
        WHEN regexp_matches(ip, '^100\\.(6[4-9]|[7-9]\\d|1[01]\\d|12[0-7])\\.') THEN 'CarrierGradeNat'
        WHEN regexp_matches(ip, '^(0\\.|169\\.254\\.|22[4-9]\\.|2[3-5]\\d\\.)') THEN 'Reserved'
        ELSE 'Public' END""",
    "hash_of(hashes, kind)": "lower(regexp_extract(hashes, '(?i)(?:^|,)' || kind || '=([0-9a-f]+)', 1))",
}
_ORDER: Final = ("compressed_ip(ip)", "is_loopback(ip)")


def create_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """The macros, for this connection only."""
    for signature in (*_ORDER, *(name for name in _MACROS if name not in _ORDER)):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {_MACROS[signature]}")


def drop_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Nothing of them remains."""
    for signature in _MACROS:
        connection.execute(f"DROP MACRO IF EXISTS {signature.split('(')[0]}")
