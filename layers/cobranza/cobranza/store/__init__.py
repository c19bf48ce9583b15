"""The only room that knows pk, sk and boto3."""
