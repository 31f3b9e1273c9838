"""A certificate for https on loopback, made afresh for every local cloud.

A root of its own signs the server's certificate, and its key is forgotten right away: whoever
trusts the root trusts this one server and nothing that could be made later.
"""

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_FOR = dt.timedelta(days=30)  # longer than anybody keeps a local cloud
CLOCK_SLACK = dt.timedelta(hours=1)
HOST_NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where the PEM files lie."""

    certificate: Path
    key: Path
    authority: Path
    bundle: Path


def make_certificate(directory: Path, *, now: dt.datetime) -> Certificate:
    """Writes key, certificate, root, and a bundle of the machine's roots with ours behind them."""
    made = Certificate(
        certificate=directory / "server.crt",
        key=directory / "server.key",
        authority=directory / "authority.crt",
        bundle=directory / "bundle.crt",
    )
    root_key = ec.generate_private_key(ec.SECP256R1())
    root = _root(root_key, now)
    server_key = ec.generate_private_key(ec.SECP256R1())
    server = _server(server_key, root, root_key, now)
    _write_private(
        made.key,
        server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    root_pem = root.public_bytes(serialization.Encoding.PEM)
    made.certificate.write_bytes(server.public_bytes(serialization.Encoding.PEM) + root_pem)
    made.authority.write_bytes(root_pem)
    made.bundle.write_bytes(_machine_roots().read_bytes() + b"\n" + root_pem)
    return made


def _machine_roots() -> Path:
    """The roots that this Python trusts (SSL_CERT_FILE counts); certifi's where it has no file."""
    found = ssl.get_default_verify_paths().cafile
    return Path(found) if found else Path(certifi.where())


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_bytes(content)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _root(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = _named("Dropcoder's local cloud")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    key: ec.EllipticCurvePrivateKey,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(HOST_NAME)]
    names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ("127.0.0.1", "::1")]
    return (
        x509.CertificateBuilder()
        .subject_name(_named(HOST_NAME))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()),
            critical=False,
        )
        .sign(root_key, hashes.SHA256())
    )
