"""What can be broken in a running stack's functions and routes, and is put back."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from local import drive
from local.stack import Stack

_OF_A_ROUTE = ("RouteKey", "Target", "AuthorizationType", "AuthorizerId")


@contextmanager
def parameter(stack: Stack, name: str, value: str) -> Generator[None]:
    """The stack deployed again with another value, and then with the one that it had. A deploy gives queues the
    workers of the template again, which are too many for one machine."""
    functions = stack.client("lambda")
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    before = {each["ParameterKey"]: each["ParameterValue"] for each in described(stack)["Parameters"]}
    deploy(stack, before | {name: value})
    try:
        yield
    finally:
        deploy(stack, before)
        for each in sources:
            workers = {"ScalingConfig": each["ScalingConfig"]} if "ScalingConfig" in each else {}
            functions.update_event_source_mapping(UUID=each["UUID"], **workers)


def described(stack: Stack) -> dict[str, Any]:
    return stack.client("cloudformation").describe_stacks(StackName=stack.stack)["Stacks"][0]


def deploy(stack: Stack, parameters: dict[str, str]) -> None:
    stack.client("cloudformation").update_stack(
        StackName=stack.stack,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    drive.wait_until(lambda: described(stack)["StackStatus"] == "UPDATE_COMPLETE", "the deploy", 30)


def _route(stack: Stack, key: str) -> tuple[str, dict[str, Any]]:
    """The API that has a route, and the route."""
    apis = stack.client("apigatewayv2")
    everything = ((api["ApiId"], apis.get_routes(ApiId=api["ApiId"])["Items"]) for api in apis.get_apis()["Items"])
    ((api, found),) = ((api, each) for api, listed in everything for each in listed if each["RouteKey"] == key)
    return api, found


@contextmanager
def no_route(stack: Stack, key: str) -> Generator[None]:
    apis, (api, found) = stack.client("apigatewayv2"), _route(stack, key)
    apis.delete_route(ApiId=api, RouteId=found["RouteId"])
    try:
        yield
    finally:
        apis.create_route(ApiId=api, **{name: found[name] for name in _OF_A_ROUTE if name in found})


@contextmanager
def open_route(stack: Stack, key: str) -> Generator[None]:
    """Nobody checks who calls it."""
    apis, (api, found) = stack.client("apigatewayv2"), _route(stack, key)
    apis.update_route(ApiId=api, RouteId=found["RouteId"], AuthorizationType="NONE")
    try:
        yield
    finally:
        apis.update_route(ApiId=api, RouteId=found["RouteId"], AuthorizationType=found["AuthorizationType"])


@contextmanager
def throttled(stack: Stack, function: str) -> Generator[None]:
    functions, name = stack.client("lambda"), stack.functions[function]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        yield
    finally:
        functions.delete_function_concurrency(FunctionName=name)


@contextmanager
def no_stream(stack: Stack, table: str) -> Generator[None]:
    """Nobody reads one table's stream, and the other's somebody does; on this machine both are off."""
    functions, events = stack.client("lambda"), stack.functions["events"]
    sources = functions.list_event_source_mappings(FunctionName=events)["EventSourceMappings"]
    for each in sources:
        is_read = f":table/{stack.tables[table]}/" not in each["EventSourceArn"]
        functions.update_event_source_mapping(UUID=each["UUID"], Enabled=is_read)
    try:
        yield
    finally:
        for each in sources:
            functions.update_event_source_mapping(UUID=each["UUID"], Enabled=False)


@contextmanager
def no_rule(stack: Stack, output: str) -> Generator[None]:
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described(stack)["Outputs"]}
    events, name = stack.client("events"), outputs[output]
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


@contextmanager
def silent_inbox(stack: Stack) -> Generator[None]:
    s3, inbox = stack.client("s3"), stack.buckets["inbox"]
    s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration={})
    try:
        yield
    finally:
        told = {"EventBridgeConfiguration": {}}
        s3.put_bucket_notification_configuration(Bucket=inbox, NotificationConfiguration=told)
