"""nginx as the two fast storages: it gives files by ranges and takes one whole PUT.

S3 answers a PUT with 200, nginx's WebDAV with 201 or 204; so uploads are taken by nginx's proxy,
which keeps the body in a file and gives the answer of its own inner location.
"""

import getpass
from pathlib import Path

INCOMING = "incoming"
"""Path of the uploads, and the folder that their bodies are kept in."""

CONFIGURATION = """
{user}
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    client_body_temp_path {directory}/{incoming};
    proxy_temp_path {directory}/nginx-proxy;
    fastcgi_temp_path {directory}/nginx-fastcgi;
    uwsgi_temp_path {directory}/nginx-uwsgi;
    scgi_temp_path {directory}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        root {directory};
        location / {{ }}
        location /{incoming}/ {{
            client_body_in_file_only on;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_method GET;
            proxy_pass http://127.0.0.1:{inner_port}/;
        }}
    }}
    server {{
        listen 127.0.0.1:{inner_port};
        location / {{ return 200; }}
    }}
}}
"""


def configuration(
    directory: Path, *, port: int, inner_port: int, certificate: Path | None, key: Path | None
) -> str:
    """nginx's configuration for storages below `directory`."""
    tls = ""
    if certificate is not None:
        tls = f" ssl; ssl_certificate {certificate}; ssl_certificate_key {key}"
    return CONFIGURATION.format(
        user="user root;" if getpass.getuser() == "root" else "",
        directory=directory,
        incoming=INCOMING,
        port=port,
        inner_port=inner_port,
        tls=tls,
    )
