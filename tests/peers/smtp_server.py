#!/usr/bin/python3
"""A submission server on loopback: STARTTLS or implicit TLS, AUTH, and every mail kept.

Usage: smtp_server.py DIRECTORY [--host ADDRESS] [--tls CERT KEY] [--implicit] [--auth USER PASSWORD]

Prints its port on one line when it listens. Each mail becomes DIRECTORY/NUMBER.eml as it came over
the wire (dot-unstuffed), and DIRECTORY/NUMBER.json tells sender, recipients, options and whether TLS
and AUTH stood. Ends with its standard input.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keep:
    def __init__(self, directory):
        self.directory = directory
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        path = os.path.join(self.directory, f"{self.count:05}")
        with open(path + ".eml", "wb") as out:
            out.write(envelope.original_content)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "mail_options": envelope.mail_options,
            "rcpt_options": envelope.rcpt_options,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
            "authenticated": bool(session.authenticated),
            "peer": session.peer[1],
        }
        with open(path + ".json", "w") as out:
            json.dump(told, out)
        return f"250 2.0.0 Ok: kept as {self.count}"


async def serve(arguments):
    context = None
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
    users = dict([arguments.auth]) if arguments.auth else {}

    def authenticate(server, session, envelope, mechanism, data):
        good = users.get(data.login.decode()) == data.password.decode()
        # Not handled where it fails, or else nobody answers 535.
        return AuthResult(success=good, handled=good)

    def protocol():
        return SMTP(
            Keep(arguments.directory),
            hostname="localhost",
            tls_context=None if arguments.implicit else context,
            authenticator=authenticate,
            auth_required=bool(users),
            # AUTH is offered in the clear too where there is no TLS: the client must refuse it.
            auth_require_tls=bool(arguments.tls) and not arguments.implicit,
            data_size_limit=64 * 1024 * 1024,
            decode_data=False,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        protocol, arguments.host, 0, ssl=context if arguments.implicit else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


parser = argparse.ArgumentParser()
parser.add_argument("directory")
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--tls", nargs=2)
parser.add_argument("--implicit", action="store_true")
parser.add_argument("--auth", nargs=2)
asyncio.run(serve(parser.parse_args()))
