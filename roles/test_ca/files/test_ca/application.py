# Copyright: (c) 2026, mailops.smime contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Flask applications: endpoint and control API over TLS, and the refusal over plain HTTP."""

from __future__ import annotations

from flask import Flask, Response, request

from test_ca.calls import Request
from test_ca.connections import ENVIRON_KEY, Connection
from test_ca.control import create_control
from test_ca.delivery import respond
from test_ca.endpoint import PATH, serve_call
from test_ca.service import Service

ANY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def create_application(service: Service, identity: dict[str, object]) -> Flask:
    """Build what the TLS listener serves."""
    application = create_endpoint(service, secure=True)
    application.register_blueprint(create_control(service, identity))
    return application


def create_endpoint(service: Service, secure: bool) -> Flask:
    """Build an application that has the endpoint alone."""
    application = Flask("test_ca", static_folder=None)

    @application.before_request
    def note_request() -> None:
        service.touch()

    @application.teardown_request
    def note_end(_error: BaseException | None) -> None:
        service.touch()

    @application.route(PATH, methods=ANY_METHOD, provide_automatic_options=False)
    def request_and_collect() -> Response:
        connection: Connection | None = request.environ.get(ENVIRON_KEY)
        with service.counting() as under_way:
            call = Request(
                method=request.method,
                content_type=request.headers.get("Content-Type", ""),
                query_string=bool(request.query_string),
                body=request.get_data(cache=False, parse_form_data=False),
                connection=connection.number if connection else 0,
                under_way=under_way,
            )
            return respond(serve_call(service, call, secure), connection, service.stopping)

    return application
