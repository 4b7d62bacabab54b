BODY=$(printf '{"email": "%s", "username": "%s", "password": "%s"}' "$EMAIL" "$NAME" "$PASSWORD")
TOKEN=$(curl -s $BINGEBOARD_URL/_allauth/app/v1/auth/signup -H 'Content-Type: application/json' -d "$BODY" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["meta"]["session_token"])')
read -r -p 'The code from the mail: ' CODE
curl -s $BINGEBOARD_URL/_allauth/app/v1/auth/email/verify -H 'Content-Type: application/json' \
  -H "X-Session-Token: $TOKEN" -d '{"key": "'"$CODE"'"}'
