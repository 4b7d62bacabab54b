"""Print a viewer's list; needs httpx, and the server's address and a viewer's token in the environment."""

import os

import httpx

QUERY = """query MyList($first: Int!) {
  recommendations(first: $first) { edges { node { show { title } reasons { text } } } }
}"""
headers = {"Authorization": f"Bearer {os.environ['BINGEBOARD_TOKEN']}"}
body = {"query": QUERY, "variables": {"first": 5}}
answer = httpx.post(f"{os.environ['BINGEBOARD_URL']}/graphql/", headers=headers, json=body).raise_for_status().json()
for edge in answer["data"]["recommendations"]["edges"]:
    print(edge["node"]["show"]["title"], "-", edge["node"]["reasons"][0]["text"])
