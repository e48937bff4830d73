"""What HealthChain's sandbox client is asked to do, in an environment of its own; its answers go to standard output.

Arguments: the address of a service, the hook, the patient's id, the file of a prefetch, and for ``order-sign`` the file
of the draft orders.
"""

import json
import sys
from pathlib import Path

from healthchain.models.responses.cdsresponse import CDSResponse
from healthchain.sandbox import SandboxClient
from healthchain.sandbox.requestconstructors import CdsRequestConstructor
from pydantic import ValidationError


def main(url: str, hook: str, patient: str, prefetch: str, orders: str | None = None) -> None:
    client = SandboxClient(url=url, workflow=hook)
    if orders is None:
        client.load_from_path(prefetch)
        client.requests[0].context.patientId = patient  # else a random one, who is not the patient in the prefetch
    else:  # the client itself can give no context
        context = {"patientId": patient, "draftOrders": json.loads(Path(orders).read_text(encoding="utf-8"))}
        values = json.loads(Path(prefetch).read_text(encoding="utf-8"))
        client.requests.append(CdsRequestConstructor().construct_request(values, client.workflow, context))
    sent = [request.model_dump(mode="json", exclude_none=True) for request in client.requests]
    responses = client.send_requests()
    missed = [place for one in responses for place in misread(one)]
    sys.stdout.write(json.dumps({"sent": sent, "responses": responses, "misread": missed}) + "\n")


def misread(response: object) -> list[str]:
    """Where HealthChain's own model of an answer finds it wrong; the client then keeps the answer as it came."""
    try:
        CDSResponse.model_validate(response)
    except ValidationError as error:
        return [".".join(str(part) for part in one["loc"]) for one in error.errors()]
    return []


if __name__ == "__main__":
    main(*sys.argv[1:])
