"""Loads a CSV file as scripts of this kind usually do: csv.DictReader, batches of 100 people, one connection that is kept open.

usage: ordinary.py FILE URL
"""
import csv
import http.client
import json
import sys
import urllib.parse
import uuid

file, url = sys.argv[1:]
connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
headers = {"Content-Type": "application/json", "Authorization": "Basic a2V5Og=="}


def post(batch):
    connection.request("POST", "/v1/batch", json.dumps({"batch": batch}), headers)
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        sys.exit(f"answered {response.status}")


batch = []
with open(file, newline="") as rows:
    for row in csv.DictReader(rows):
        user = row.pop("id")
        row["orders"] = int(row["orders"])
        row["total"] = float(row["total"])
        batch.append({"type": "identify", "messageId": str(uuid.uuid4()), "userId": user, "traits": row})
        if len(batch) == 100:
            post(batch)
            batch = []
if batch:
    post(batch)
