"""When all tests have ended, what the stack told others is searched for people: here, that they would be found."""

import time

from local import samples
from local.leaks import leaks, told
from local.stack import Stack


def test_what_is_personal_is_found_in_a_log_and_in_a_queue_and_is_shown_masked(stack: Stack) -> None:
    logs, sqs, queue = stack.client("logs"), stack.client("sqs"), stack.queues["events_sample"]
    logs.create_log_group(logGroupName="leaking")
    logs.create_log_stream(logGroupName="leaking", logStreamName="one")
    lines = ("reminder sent to +525555550101", "Mateo Muestra paid", "Mateo paid")
    now = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName="leaking",
        logStreamName="one",
        logEvents=[{"timestamp": now, "message": line} for line in lines],
    )
    sqs.send_message(QueueUrl=queue, MessageBody='{"name":"Luc\\u00eda E."}')
    try:
        assert set(leaks(stack)) == {
            "leaking: reminder sent to •••",
            f'{queue.rpartition("/")[-1]}: {{"name":"••• E."}}',
        }
        assert set(leaks(stack, samples.NAMES)) - set(leaks(stack)) == {"leaking: ••• paid"}
    finally:
        logs.delete_log_group(logGroupName="leaking")
        sqs.purge_queue(QueueUrl=queue)
    assert leaks(stack) == []


def test_the_log_of_a_function_is_searched(stack: Stack) -> None:
    functions, name = stack.client("lambda"), stack.functions["scheduler"]
    group = functions.get_function_configuration(FunctionName=name)["LoggingConfig"]["LogGroup"]
    functions.invoke(FunctionName=name, Payload=b'{"v":1,"source":"schedule"}')
    assert any("BorrowersQueued" in text for where, text in told(stack) if where == group)
