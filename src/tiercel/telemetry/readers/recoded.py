"""Text in another encoding, as the UTF-8 that every reader takes."""

from __future__ import annotations

import codecs
import io
from typing import IO, TYPE_CHECKING

from tiercel.telemetry.readers.formats import Encoding, encoding_of

if TYPE_CHECKING:
    from tiercel.telemetry.inputs import Document

__all__ = ["Recoded", "as_utf8"]


def as_utf8(document: Document) -> None:
    """Makes head and stream of a document in another encoding, or with a byte order mark, plain UTF-8."""
    encoding, mark = encoding_of(document.head)
    if (encoding, mark) != (Encoding.UTF8, 0):
        document.head = document.head[mark:].decode(encoding, "ignore").encode()
        document.stream = Recoded(document.stream, encoding, mark)  # type: ignore[assignment]  # a raw stream is one


class Recoded(io.RawIOBase):
    """The stream's text as UTF-8, without its byte order mark; what cannot be decoded stands as U+FFFD."""

    def __init__(self, stream: IO[bytes], encoding: Encoding, mark: int) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace") if encoding != "utf-8" else None
        self._ended = False
        while mark and (taken := stream.read(mark)):
            mark -= len(taken)

    def readable(self) -> bool:
        """True: it is there to be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next of the text, from about `size` bytes of the stream."""
        while not self._ended:
            content = self._stream.read(size)
            self._ended = not content
            if self._decoder is None:
                return content
            text = self._decoder.decode(content, final=self._ended).encode("utf-8", "replace")
            if text:
                return text
        return b""
