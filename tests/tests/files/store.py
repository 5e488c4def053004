"""An S3 server of this machine, fed by boto3, and then told what to do by lines on stdin."""

import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="feeder", AWS_SECRET_ACCESS_KEY="feeder")

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
s3 = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
s3.create_bucket(Bucket="crm")
print(f"http://{host}:{port}", flush=True)
# put KEY PATH: an object with the bytes of a file
for line in sys.stdin:
    _, key, path = line.split()
    with open(path, "rb") as file:
        print(s3.put_object(Bucket="crm", Key=key, Body=file)["ETag"], flush=True)
server.stop()
