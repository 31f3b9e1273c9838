"""Over real connections to the loopback interface."""

import json
import shlex
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.engines.coding_service.http import MAX_BODY_BYTES, HttpRequest, HttpTransport
from pipeline.errors import AddressRefused, DropcoderError, ServiceBusy, ServiceRefused

CANARY = "canary-signature-77"
SECRET_PATH = f"/v1?X-Amz-Signature={CANARY}"


@contextmanager
def serving(
    answer: Callable[[BaseHTTPRequestHandler], None], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """One-thread server on a free port; `answer` speaks for it."""

    class Connection(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

        def do_GET(self) -> None:
            answer(self)

        do_POST = do_GET  # noqa: N815

    server = HTTPServer(("127.0.0.1", 0), Connection)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def says(status: int, body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(connection: BaseHTTPRequestHandler) -> None:
        connection.send_response(status)
        for name, value in headers.items():
            connection.send_header(name, value)
        connection.send_header("Content-Length", str(len(body)))
        connection.end_headers()
        connection.wfile.write(body)

    return answer


def sent(port: int, path: str = "/v1", **more: object) -> tuple[int, bytes]:
    transport = HttpTransport(allow_plain_http=True)
    answer = transport(HttpRequest("GET", f"http://127.0.0.1:{port}{path}"))
    return answer.status, answer.body


def failure(port: int) -> DropcoderError:
    with pytest.raises(DropcoderError) as raised:
        sent(port, SECRET_PATH)
    assert CANARY not in f"{raised.value!r} {raised.value}"
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value


@pytest.mark.parametrize("status", [200, 403, 404, 429, 500])
def should_give_the_whole_answer_whatever_its_status(status: int) -> None:
    with serving(says(status, b'{"message": "x"}')) as port:
        assert sent(port) == (status, b'{"message": "x"}')


def should_send_headers_and_body_as_they_are_when_it_posts() -> None:
    def echo(connection: BaseHTTPRequestHandler) -> None:
        body = connection.rfile.read(int(connection.headers["Content-Length"]))
        seen = {"authorization": connection.headers["Authorization"], "body": body.decode()}
        says(200, json.dumps(seen).encode())(connection)

    with serving(echo) as port:
        transport = HttpTransport(allow_plain_http=True)
        request = HttpRequest(
            "POST", f"http://127.0.0.1:{port}/x", headers={"Authorization": "t"}, body=b"a=b"
        )
        assert json.loads(transport(request).body) == {"authorization": "t", "body": "a=b"}


def should_not_follow_when_the_server_redirects() -> None:
    with serving(says(302, b"", Location="http://127.0.0.1:9/elsewhere")) as port:
        assert isinstance(failure(port), AddressRefused)


def should_stop_reading_when_the_answer_is_over_a_mebibyte() -> None:
    with serving(says(200, b"x" * (MAX_BODY_BYTES + 1))) as port:
        assert isinstance(failure(port), ServiceRefused)
    with serving(says(200, b"x" * MAX_BODY_BYTES)) as port:
        assert len(sent(port)[1]) == MAX_BODY_BYTES


def should_be_busy_when_the_connection_is_cut_in_the_middle() -> None:
    def half(connection: BaseHTTPRequestHandler) -> None:
        connection.send_response(200)
        connection.send_header("Content-Length", "100")
        connection.end_headers()
        connection.wfile.write(b"half")

    with serving(half) as port:
        assert isinstance(failure(port), ServiceBusy)


def should_be_busy_when_nobody_listens() -> None:
    with serving(says(200, b"")) as port:
        pass
    failed = failure(port)
    assert isinstance(failed, ServiceBusy)
    assert not failed.may_be_done
    assert str(failed) == (
        "the service at 127.0.0.1 gave no answer to GET /v1 (no connection came about)"
    )


def should_be_busy_when_the_server_says_nothing_http() -> None:
    def noise(connection: BaseHTTPRequestHandler) -> None:
        connection.wfile.write(b"\x00\x01 no http\r\n\r\n")

    with serving(noise) as port:
        assert isinstance(failure(port), ServiceBusy)


@pytest.mark.parametrize(
    "url",
    [
        "http://coder.example/v1",
        "ftp://coder.example/v1",
        "https:///v1",
        "coder.example/v1",
        "https://user:hunter2@coder.example/v1",
        "https://[::1/v1",
        "https://[::1]/v1",
        r"https://evil.example\x.coder.example/v1",
        "https://coder.example/v1 ",
        "https://coder.example/v1\t",
        "https://coder.example:0/v1",
        "https://coder.example:65536/v1",
    ],
)
def should_refuse_the_address_before_anything_is_sent_when_it_is_not_plain_https(url: str) -> None:
    with pytest.raises(AddressRefused) as raised:
        HttpTransport()(HttpRequest("GET", url))
    assert "hunter2" not in str(raised.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        f"-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {cert}"
    )
    subprocess.run(shlex.split(command), check=True, capture_output=True)
    return cert, key


def should_trust_a_server_only_when_its_authority_is_known(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with serving(says(200, b"{}"), context) as port:
        request = HttpRequest("GET", f"https://127.0.0.1:{port}/v1")
        assert HttpTransport(ca_bundle=str(cert))(request).body == b"{}"
        with pytest.raises(AddressRefused, match="certificate"):
            HttpTransport()(request)


def should_show_no_address_header_or_body_when_a_request_is_printed() -> None:
    request = HttpRequest("GET", f"https://b/{CANARY}", {"Authorization": CANARY}, CANARY.encode())
    assert CANARY not in repr(request)
