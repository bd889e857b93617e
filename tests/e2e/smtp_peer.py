"""aiosmtpd as a process of its own: smtp_peer.py MAILDIR [CERTIFICATE KEY USER PASSWORD]. Prints its port."""

import asyncio
import ssl
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult


def served(folder, *login):
    options = {}
    if login:
        certificate, key, user, password = login
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

        def allowed(server, session, envelope, mechanism, data):
            given = data.login == user.encode() and data.password == password.encode()
            return AuthResult(success=given, handled=given)

        options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": allowed}
    return SMTP(Mailbox(folder), enable_SMTPUTF8=True, **options)


async def main(folder, *login):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: served(folder, *login), "127.0.0.1", 0)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
