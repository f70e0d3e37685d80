"""Syslog as RFC 5424 wants it, over UDP and TCP, with real sockets."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import contextmanager

import pytest

from tiercel.alerts.delivery import DeliveryError
from tiercel.alerts.delivery.syslog import FACILITIES, Syslog, line
from tiercel.alerts.outbox import KINDS, Outbox

from .found import NOON, at, finding

LINE = re.compile(
    rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z) "
    rb"([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
    rb'(\[tiercel@32473(?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+\]) \xef\xbb\xbf(.*)',
    re.DOTALL,
)
"""RFC 5424, section 6: header, structured data, message in UTF-8 after its mark."""


def messages(store, *findings):
    for number, each in enumerate(findings or (finding(child=("cmd.exe", 9028)),)):
        store.record([each], at=at(number))
    outbox = Outbox(store.database, "siem", KINDS)
    outbox.register(NOON)
    return list(outbox.waiting())


@contextmanager
def tcp_receiver(*, is_rude=False):
    """A receiver that reads each connection to its end and closes; a rude one resets it at once."""
    got, stop = [], threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.05)

    def serve():
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                if is_rude:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    continue
                connection.settimeout(5)
                data = b""
                while piece := connection.recv(4096):
                    data += piece
                got.append(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], got
    finally:
        stop.set()
        thread.join()
        server.close()


def test_a_line_is_of_rfc_5424(store):
    (message,) = messages(store)
    told = LINE.fullmatch(line(message, FACILITIES["local4"], "soc 1", 2048))
    assert told is not None
    priority, time, host, name, _, kind, data, text = told.groups()
    assert int(priority) == 20 * 8 + 3
    assert (time, host, name, kind) == (b"2026-07-14T12:00:00.000Z", b"soc_1", b"tiercel", b"alert.new")
    assert f'key="{message.key}" sequence="{message.sequence}"'.encode() in data
    facts = json.loads(text)
    assert (facts["device"], facts["caller"], facts["child"]) == ("ws6.example.org", "10.0.0.5", "cmd.exe")


HOSTILE = ["\n<0>1 - - - - - fake", '"]] [x@1 a="', "\x1b[2J", "\0", "\u202e", "x" * 100_000, "\u00e4" * 5000, "\x7f"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("most", [2048, 65_536])
def test_an_events_content_breaks_out_of_no_line(store, text, most):
    (message,) = messages(store, finding(device=text[:300], peer=text, rule=text, child=(text, 1)))
    whole = line(message, 20, text, most)
    assert len(whole) <= most
    assert b"\n" not in whole
    assert b"\0" not in whole
    assert b"\x1b" not in whole
    assert LINE.fullmatch(whole)


def test_udp_sends_one_line_a_datagram(store):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sender = Syslog("127.0.0.1", receiver.getsockname()[1])
        for message in messages(store, finding(0), finding(0, device="b")):
            sender.send(message)
            assert message.key.encode() in LINE.fullmatch(receiver.recv(65_536))[7]


def test_tcp_counts_octets(store):
    with tcp_receiver() as (port, got):
        sender = Syslog("127.0.0.1", port, is_tcp=True)
        several = messages(store, finding(0, device="\u00e4"), finding(0, device="b"))
        for message in several:
            sender.send(message)
    for data, message in zip(got, several, strict=True):
        count, _, whole = data.partition(b" ")
        assert int(count) == len(whole)
        assert message.key.encode() in LINE.fullmatch(whole)[7]


def test_a_tcp_receiver_that_drops_the_connection_has_not_taken_it(store):
    (message,) = messages(store)
    with tcp_receiver(is_rude=True) as (port, _), pytest.raises(DeliveryError, match=f"127.0.0.1:{port}"):
        Syslog("127.0.0.1", port, is_tcp=True).send(message)


def test_a_tcp_receiver_that_never_closes_is_told_as_slow(store):
    (message,) = messages(store)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(DeliveryError, match="timed out"):
            Syslog("127.0.0.1", port, is_tcp=True, timeout=0.05).send(message)
        Syslog("127.0.0.1", port, is_tcp=True, timeout=5, is_confirmed=False).send(message)


def test_a_host_that_is_not_there_is_a_failure(store):
    (message,) = messages(store)
    for is_tcp in (True, False):
        with pytest.raises(DeliveryError, match=r"no-such-host\.invalid"):
            Syslog("no-such-host.invalid", 514, is_tcp=is_tcp).send(message)
