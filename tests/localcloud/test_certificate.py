"""The certificate that the local cloud makes for itself."""

import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509

from localcloud.certificate import VALID_FOR, Certificate, make_certificate

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def made(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path, now=NOW)


def handshake(made: Certificate, *, trusting: ssl.SSLContext, name: str) -> str | None:
    """The TLS version that a client and a server with this certificate agree on."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(made.certificate, made.key)
    ours, theirs = socket.socketpair()
    with ours, theirs:

        def serve() -> None:
            try:
                serving.wrap_socket(theirs, server_side=True).close()
            except OSError:
                theirs.close()

        server = threading.Thread(target=serve)
        server.start()
        try:
            with trusting.wrap_socket(ours, server_hostname=name) as spoken:
                return spoken.version()
        finally:
            ours.close()
            server.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("trusted", ["authority", "bundle"])
def should_be_trusted_when_a_strict_client_knows_the_root(
    made: Certificate, name: str, trusted: str
) -> None:
    trusting = ssl.create_default_context(cafile=getattr(made, trusted))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    assert handshake(made, trusting=trusting, name=name) == "TLSv1.3"


def should_not_be_trusted_when_a_client_knows_the_machines_roots_alone(made: Certificate) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made, trusting=ssl.create_default_context(), name="localhost")


def should_not_be_trusted_when_the_name_is_another(made: Certificate) -> None:
    trusting = ssl.create_default_context(cafile=made.authority)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made, trusting=trusting, name="example.org")


def should_keep_the_machines_roots_when_the_bundle_is_made(made: Certificate) -> None:
    own = x509.load_pem_x509_certificate(made.authority.read_bytes())
    bundled = ssl.create_default_context(cafile=made.bundle).cert_store_stats()["x509_ca"]
    assert bundled > 1
    assert own.not_valid_after_utc - NOW <= VALID_FOR


def should_let_only_the_owner_read_the_key(made: Certificate) -> None:
    assert made.key.stat().st_mode & 0o777 == 0o600
    assert b"PRIVATE KEY" in made.key.read_bytes()
    assert not [
        path for path in made.key.parent.iterdir() if path != made.key and b"PRIVATE" in _of(path)
    ]


def _of(path: Path) -> bytes:
    return path.read_bytes()
