"""Encodings, compressions, hashes, and texts with a structure: URLs, paths, command lines, JSON, XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from tiercel.plan.functions.forms import as_type, constant_text, copied, long_of, text_of
from tiercel.plan.functions.registry import Environment, Function, name_of_first, unsupported
from tiercel.plan.functions.routine_calls import call_routine, routine_function
from tiercel.plan.nodes import strings
from tiercel.plan.routines import ROUTINES
from tiercel.plan.values import Refusal, Typed
from tiercel.tables import KustoType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FUNCTIONS"]


def lower_base64_encode_tostring(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The UTF-8 bytes of a text in base64.

    Example: `base64_encode_tostring("Kusto")` is `S3VzdG8=`.
    """
    return Typed(strings.Base64Text(this=text_of(arguments[0]).sql), KustoType.STRING)


def _digest_function(name: str, digest: Callable[[exp.Expr], exp.Expr], words: str, example: str) -> Function:
    def lower(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
        return Typed(digest(text_of(arguments[0]).sql), KustoType.STRING)

    lower.__doc__ = f"""The {words} of a value's text, in lower-case hexadecimal.

    Example: {example}.
    """
    return Function(name, lower, 1, 1)


def lower_hash(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The 64-bit xxHash of a value, or what it leaves modulo a number; `hash_xxhash64` is the same."""
    value = arguments[0]
    if value.type in {KustoType.DYNAMIC, KustoType.DECIMAL, KustoType.GUID}:
        message = f"the hash of a {value.type} is made of bytes that only Kusto knows"
        raise Refusal("kql-unsupported", message, "hash its tostring()")
    if value.type in {KustoType.STRING, KustoType.REAL}:
        return call_routine("hash_text" if value.type is KustoType.STRING else "hash_real", arguments)
    return call_routine("hash_long", [long_of(value), *arguments[1:]])


lower_hash.__doc__ = ROUTINES["hash_text"].call.__doc__


def lower_parse_version(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """The comparable number, a decimal, of a version of up to four parts of up to eight digits; else null.

    Example: `parse_version("0.0.0.5") < parse_version("1.0.0.0")` is true.
    """
    digits = call_routine("parse_version", arguments)
    wide = exp.DataType.build("DECIMAL(38, 0)")
    return Typed(exp.TryCast(this=digits.sql, to=wide), KustoType.DECIMAL)


def lower_extract_json(_environment: Environment, arguments: Sequence[Typed]) -> Typed:
    """What a path (`$.a[0]`) leads to in a JSON text, as text or as the type given; else null, of text the empty one.

    Example: `extract_json("$.name", '{"name": "John"}')` is `John`.
    """
    found = call_routine("extract_json", [arguments[0], text_of(arguments[1])])
    kind = KustoType(constant_text("extract_json", 2, arguments)) if len(arguments) > 2 else KustoType.STRING
    return as_type(copied(found), kind)


FUNCTIONS: Final = (
    Function("base64_encode_tostring", lower_base64_encode_tostring, 1, 1),
    Function("base64_encodestring", lower_base64_encode_tostring, 1, 1),
    routine_function("base64_decode_tostring", 1, 1),
    routine_function("base64_decodestring", 1, 1, routine="base64_decode_tostring"),
    routine_function("base64_decode_toarray", 1, 1),
    routine_function("base64_encode_fromarray", 1, 1),
    routine_function("base64_encode_fromguid", 1, 1),
    routine_function("base64_decode_toguid", 1, 1),
    routine_function("url_encode", 1, 1),
    routine_function("url_encode_component", 1, 1),
    routine_function("url_decode", 1, 1),
    routine_function("zlib_compress_to_base64_string", 1, 1, differs="other bytes for long texts"),
    routine_function("zlib_decompress_from_base64_string", 1, 1, differs="at most 64 MB"),
    routine_function("gzip_compress_to_base64_string", 1, 1, differs="other bytes for long texts"),
    routine_function("gzip_decompress_from_base64_string", 1, 1, differs="at most 64 MB"),
    _digest_function("hash_md5", lambda text: exp.MD5(this=text), "MD5", '`hash_md5("World")` is `f5a7924e...`'),
    _digest_function("hash_sha1", lambda text: exp.SHA(this=text), "SHA-1", '`hash_sha1("World")` is `70c07ec1...`'),
    _digest_function(
        "hash_sha256",
        lambda text: exp.SHA2(this=text, length=exp.Literal.number(256)),
        "SHA-256",
        '`hash_sha256("World")` is `78ae647d...`',
    ),
    Function("hash", lower_hash, 1, 2, "a dynamic, decimal or guid is refused"),
    Function("hash_xxhash64", lower_hash, 1, 2, "a dynamic, decimal or guid is refused"),
    unsupported("hash_combine", "how Kusto combines hashes is not published: hash the strcat() of the values"),
    unsupported("hash_many", "how Kusto combines hashes is not published: hash the strcat() of the values"),
    routine_function("parse_url", 1, 1),
    routine_function("parseurl", 1, 1, routine="parse_url"),
    routine_function("parse_urlquery", 1, 1),
    routine_function("parseurlquery", 1, 1, routine="parse_urlquery"),
    routine_function("parse_path", 1, 1),
    routine_function("parse_command_line", 2, 2),
    routine_function("parse_csv", 1, 1, naming=name_of_first),
    routine_function("parse_xml", 1, 1, differs="a document with a DOCTYPE is null", naming=name_of_first),
    Function("parse_version", lower_parse_version, 1, 1),
    Function("extract_json", lower_extract_json, 2, 3),
    Function("extractjson", lower_extract_json, 2, 3),
    routine_function("parse_user_agent", 2, 2, differs="only the frequent browsers and systems have their names"),
)
