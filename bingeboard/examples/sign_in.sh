BODY=$(printf '{"username": "%s", "password": "%s"}' "$NAME" "$PASSWORD")
TOKEN=$(curl -s $BINGEBOARD_URL/_allauth/app/v1/auth/login -H 'Content-Type: application/json' -d "$BODY" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["meta"]["session_token"])')
curl -s $BINGEBOARD_URL/graphql/ -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \
  -d '{"query": "{ me { username } }"}'
curl -s -X DELETE $BINGEBOARD_URL/_allauth/app/v1/auth/session -H "X-Session-Token: $TOKEN"   # and out again
