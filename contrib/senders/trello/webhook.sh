#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A webhook for one board; a token allows it, and it lives as long as the token does.
#   KEY=... TOKEN=... BOARD=SCPjg8ON URL=https://dorad.example.com/webhooks/trello ./webhook.sh
#
# The endpoint's secret is the OAuth secret of the Power-Up that KEY belongs to, not KEY and not
# TOKEN; `public_url` of the endpoint is URL, to the letter: Trello signs it.
set -eu
: "${KEY:?}" "${TOKEN:?}" "${BOARD:?}" "${URL:?}"

api=https://api.trello.com/1
board=$(curl -fsS "$api/boards/$BOARD?fields=id&key=$KEY&token=$TOKEN" |
	sed 's/.*"id":"\([0-9a-f]*\)".*/\1/')
# Trello asks for URL with HEAD first, and wants 200.
curl -fsS -X POST "$api/webhooks/?key=$KEY&token=$TOKEN" \
	--data-urlencode "callbackURL=$URL" --data-urlencode "idModel=$board" \
	--data-urlencode "description=dorad"
