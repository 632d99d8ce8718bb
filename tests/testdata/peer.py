"""A TLS client or server by Python's ssl module, for tests.

The only argument is a JSON object: what to do. After each connection one line of JSON says what Python knows of it.
"""

import json
import socket
import ssl
import sys

do = json.loads(sys.argv[1])


def context(purpose):
    ctx = ssl.SSLContext(purpose)
    version = getattr(ssl.TLSVersion, do["version"])
    ctx.minimum_version = ctx.maximum_version = version
    ctx.load_cert_chain(do["cert"], do["key"])
    ctx.load_verify_locations(do["ca"])
    ctx.set_alpn_protocols(do["alpn"])
    if do.get("keylog"):
        ctx.keylog_filename = do["keylog"]
    return ctx


def common_name(cert):
    return dict(field for rdn in cert["subject"] for field in rdn)["commonName"] if cert else ""


def say(conn, **more):
    unique = conn.get_channel_binding("tls-unique")
    print(json.dumps(dict(
        more,
        version=conn.version(),
        cipher=conn.cipher()[0],
        alpn=conn.selected_alpn_protocol() or "",
        resumed=conn.session_reused,
        peer=common_name(conn.getpeercert()),
        # In TLS 1.3 it is the client's Finished message: no channel binding.
        unique=unique.hex() if unique and conn.version() == "TLSv1.2" else "",
    )), flush=True)


def read_line(conn):
    line = b""
    while not line.endswith(b"\n"):
        more = conn.recv(1)
        if not more:
            raise EOFError(line)
        line += more
    return line.decode().rstrip("\n")


def end(conn):
    """Says goodbye: without it, OpenSSL forgets the session."""
    try:
        conn.unwrap()
    except OSError:
        pass  # the other side has gone already


def client():
    ctx = context(ssl.PROTOCOL_TLS_CLIENT)
    ctx.verify_mode = ssl.CERT_REQUIRED
    ctx.check_hostname = True
    ctx.post_handshake_auth = do.get("pha", False)
    session = None
    for _ in range(do["connections"]):
        raw = socket.create_connection(("127.0.0.1", do["port"]))
        with ctx.wrap_socket(raw, server_hostname=do["name"], session=session) as conn:
            conn.sendall(b"hello from Python\n")
            line = read_line(conn)
            session = conn.session  # by now the tickets are there
            say(conn, line=line)
            read_line(conn)  # until the other side has looked at everything
            end(conn)


def server():
    names = []
    ctx = context(ssl.PROTOCOL_TLS_SERVER)
    ctx.verify_mode = ssl.CERT_OPTIONAL if do.get("pha") else ssl.CERT_REQUIRED
    ctx.post_handshake_auth = do.get("pha", False)
    ctx.sni_callback = lambda conn, name, ctx: names.append(name)
    if not do["tickets"]:
        ctx.options |= ssl.OP_NO_TICKET
    listener = socket.create_server(("127.0.0.1", 0))
    print("port", listener.getsockname()[1], flush=True)
    for _ in range(do["connections"]):
        raw, _ = listener.accept()
        with ctx.wrap_socket(raw, server_side=True) as conn:
            line = read_line(conn)
            if do.get("pha"):
                before = common_name(conn.getpeercert())
                conn.verify_client_post_handshake()
                conn.sendall(b"who are you?\n")
                line = read_line(conn)
                say(conn, line=line, before=before)
            else:
                say(conn, line=line, name=names[-1])
            conn.sendall(b"hello from Python\n")
            read_line(conn)
            end(conn)


{"client": client, "server": server}[do["role"]]()
