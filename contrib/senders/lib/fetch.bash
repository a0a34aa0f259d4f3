# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Asking an API with curl: limits, retries, pages. What backfill and redeliver share; sourced.
#
# The caller sets fetch_name and, before the first request, fetch_api (where the API begins) and
# what fetch_log_in says. A secret is read from a file and goes to curl through a pipe: it is in no
# argument, no variable of the environment, no file of ours and no message.

fetch_name=fetch
fetch_api=         # https://api.github.com: no slash at its end
fetch_tries=8      # for one request, before we give up
fetch_pause_ms=1000 # before the second try; doubled each time, to a minute
fetch_max_wait=3900 # seconds that a limit may make us wait; GitHub's is an hour
fetch_leave=0      # requests of the allowance that are left to others
fetch_with=curl    # or gh
fetch_settings=()  # lines of a curl configuration: headers, never secrets
fetch_secret=()    # the same, with the secret
fetch_requests=0
fetch_not_before=0 # no request before this second
fetch_remaining=   # what the API says is left of the allowance
fetch_reset=       # and when there will be more
declare -A fetch_head # the last answer's headers, names in small letters

say() {
	printf '%s: %s\n' "$fetch_name" "$*" >&2
}

die() {
	say "$@"
	exit 1
}

misuse() {
	say "$@"
	printf 'try: %s --help\n' "$0" >&2
	exit 2
}

fetch_begin() { # a folder for answers, gone when we are
	command -v "$fetch_with" >/dev/null || die "$fetch_with is not installed: apt-get install $fetch_with"
	command -v jq >/dev/null || die "jq is not installed: apt-get install jq"
	fetch_dir=$(mktemp -d)
	trap 'rm -rf "$fetch_dir"; kill $(jobs -p) 2>/dev/null || true' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	body=$fetch_dir/body
	case $fetch_api in
	https://?*) ;;
	http://127.0.0.1[:/]* | http://localhost[:/]* | "http://[::1]"*) ;;
	http://*) misuse "$fetch_api: the secret would go in the clear: want https://" ;;
	*) misuse "$fetch_api: want an address that begins with https://" ;;
	esac
	fetch_api=${fetch_api%/}
	fetch_settings+=("user-agent = \"dorad\"" "connect-timeout = 20" "max-time = 300"
		"proto = \"=https,http\"" "compressed")
}

# -- secrets -----------------------------------------------------------------------------------

quoted() { # as curl's configuration wants it
	local text=${1//\\/\\\\}
	printf '"%s"' "${text//\"/\\\"}"
}

read_secret() { # FILE: into $secret
	local file=$1 mode
	[ -f "$file" ] || [ -p "$file" ] || misuse "$file: no such file; want one with the token in it"
	mode=$(stat -Lc %a -- "$file")
	[ $((8#$mode & 7)) = 0 ] || die "$file: everyone on this machine may use this secret: chmod o= on it"
	secret=
	IFS= read -r secret <"$file" || [ -n "$secret" ] || die "$file: empty; want the token in it"
	secret=${secret%$'\r'}
	[[ $secret != *[[:cntrl:]]* && -n $secret ]] || die "$file: want one line of text"
}

# How the API is told who asks: bearer FILE | token FILE | private FILE | basic FILE USER
fetch_log_in() {
	local how=$1 secret
	read_secret "$2"
	case $how in
	bearer) fetch_secret=("header = $(quoted "Authorization: Bearer $secret")") ;;
	token) fetch_secret=("header = $(quoted "Authorization: Token token=$secret")") ;;
	private) fetch_secret=("header = $(quoted "PRIVATE-TOKEN: $secret")") ;;
	basic) fetch_secret=("user = $(quoted "$3:$secret")") ;;
	esac
}

default_secret() { # the credential that systemd hands a service, if it does
	local credentials=${CREDENTIALS_DIRECTORY:-}
	[ -z "$credentials" ] || [ ! -f "$credentials/token" ] || printf '%s' "$credentials/token"
}

# -- one request -------------------------------------------------------------------------------

ask_curl() { # METHOD URL
	curl --disable --silent --show-error --globoff --request "$1" --dump-header "$fetch_dir/head" \
		--output "$body" --write-out '%{http_code}' \
		--config <(printf '%s\n' "${fetch_settings[@]}" "${fetch_secret[@]}") -- "$2" \
		>"$fetch_dir/status" 2>"$fetch_dir/why" 9>&-
}

ask_gh() { # METHOD URL; gh knows the token, and prints head and body in one
	gh api --include --method "$1" -H 'Accept: application/vnd.github+json' -- "$2" \
		>"$fetch_dir/answer" 2>"$fetch_dir/why" </dev/null 9>&- || true
	awk -v head="$fetch_dir/head" -v body="$body" '
		inside { print > body; next }
		{ sub(/\r$/, ""); if ($0 == "") inside = 1; else print > head }' "$fetch_dir/answer"
	awk 'NR == 1 { print $2 + 0; exit }' "$fetch_dir/head" >"$fetch_dir/status"
	[ -s "$fetch_dir/status" ] && [ "$(<"$fetch_dir/status")" != 0 ]
}

# Sets $status: the answer's, or 000 and why in $why: no answer, or not all of it.
ask() { # METHOD URL
	local now
	printf -v now '%(%s)T' -1
	if ((fetch_not_before > now)); then
		wait_for $((fetch_not_before - now)) "the allowance is used up"
	fi
	fetch_not_before=0
	: >"$fetch_dir/head"
	: >"$body"
	fetch_requests=$((fetch_requests + 1))
	if "ask_$fetch_with" "$1" "$2"; then
		status=$(<"$fetch_dir/status")
		why="answered $status"
	else
		status=000
		why=$(head -n 1 "$fetch_dir/why")
		why=${why:-no answer}
	fi
	if [[ $status == 2?? && $1 == GET ]] && ! { [ -s "$body" ] && jq empty "$body" 2>/dev/null; }; then
		status=000
		why="an answer that is no JSON: cut short?"
	fi
	read_head
}

read_head() {
	local line name
	fetch_head=()
	while IFS= read -r line; do
		line=${line%$'\r'}
		name=${line%%:*}
		if [[ $line == HTTP/* ]]; then
			fetch_head=() # what came before it was a proxy's, or a 100
		elif [[ -n $name && $name != "$line" ]]; then
			line=${line#*:}
			fetch_head[${name,,}]=${line#"${line%%[! ]*}"}
		fi
	done <"$fetch_dir/head"
}

# -- limits ------------------------------------------------------------------------------------

seconds_until() { # what a header says: seconds, a second since 1970, or a date
	local when=$1 now
	printf -v now '%(%s)T' -1
	if [[ $when =~ ^[0-9]+([.][0-9]+)?$ ]]; then
		when=${when%.*}
		((when < 1000000000)) || when=$((when - now))
	else
		when=$(date -u -d "$when" +%s 2>/dev/null) || return 1
		when=$((when - now))
	fi
	((when >= 0)) || when=0
	printf '%s' "$when"
}

read_allowance() { # under whichever name: $fetch_remaining, $fetch_reset
	fetch_remaining=${fetch_head[x-ratelimit-remaining]:-${fetch_head[ratelimit-remaining]:-}}
	fetch_reset=${fetch_head[x-ratelimit-reset]:-${fetch_head[ratelimit-reset]:-}}
}

# Who waits for us holds no lock of ours (descriptor 9) and nobody's pipe: killed, we leave neither.
nap() { # SECONDS; a signal ends it
	sleep "$1" 9>&- >/dev/null 2>&1 &
	wait $!
}

wait_for() { # SECONDS WHY
	(($1 <= fetch_max_wait)) || die "$2 for another $1 s, more than --max-wait $fetch_max_wait s;" \
		"run this again then: it goes on where it stopped"
	[ "$1" = 0 ] || say "$2: waiting $1 s"
	nap "$1"
}

is_limit() { # 429, or GitHub's 403
	[ "$status" = 429 ] && return 0
	[ "$status" = 403 ] || return 1
	[ -n "${fetch_head[retry-after]:-}" ] || [ "$fetch_remaining" = 0 ] || grep -qi 'rate limit' "$body"
}

limit_seconds() { # how long to be quiet, after being told so
	local after=${fetch_head[retry-after]:-}
	[ -n "$after" ] || [ "$fetch_remaining" != 0 ] || after=$fetch_reset
	# Nothing said: GitHub asks for a minute at least.
	seconds_until "${after:-60}" || printf 60
}

# The allowance is gone with this answer: the next request waits, if there is one.
look_ahead() {
	local now after
	[[ $fetch_remaining =~ ^[0-9]+$ ]] && ((fetch_remaining <= fetch_leave)) || return 0
	after=$(seconds_until "$fetch_reset") || return 0
	printf -v now '%(%s)T' -1
	fetch_not_before=$((now + after + 1))
}

back_off() { # TRY: twice as long each time, more or less
	local ms=$((fetch_pause_ms << ($1 - 1)))
	((ms <= 60000)) || ms=60000
	ms=$((ms * (75 + RANDOM % 50) / 100))
	say "$why; trying again in $((ms / 1000)).$(printf '%03d' $((ms % 1000))) s"
	nap "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))"
}

# -- requests as callers want them -------------------------------------------------------------

# Asks until there is an answer. True: 2xx, in $body. False: an answer that will not change by
# asking again, its number in $status. A server that does not recover ends us.
fetch_try() { # METHOD PATH-OR-URL
	local url=$2 try=0
	[[ $url == http*://* ]] || url=$fetch_api$url
	while :; do
		ask "$1" "$url"
		read_allowance
		if [[ $status == 2?? ]]; then
			look_ahead
			return 0
		fi
		try=$((try + 1))
		((try < fetch_tries)) || die "$1 $url: $why, $try times; run this again later:" \
			"it goes on where it stopped"
		if is_limit; then
			wait_for "$(limit_seconds)" "$url: told to slow down"
		elif [[ $status == 000 || $status == 408 || $status == 425 || $status == 5?? ]]; then
			back_off "$try"
		elif [[ $status == 30[1278] ]] && url=$(redirected "$url"); then
			: # a repository that was renamed
		else
			return 1
		fi
	done
}

# The same; any other answer ends us with what the API said and what it may mean.
fetch() { # PATH-OR-URL
	fetch_try GET "$1" || refused "$1"
}

said() { # the API's own words
	jq -r '[.message?, .error?, .error_description?, .errorMessages?, .detail?] | map(select(. != null)) |
		first | if type == "object" then .message else . end |
		if type == "array" then join("; ") else tostring end' "$body" 2>/dev/null | head -c 300 | tr -d '\000-\037'
}

refused() { # PATH-OR-URL
	local hint
	case $status in
	400) hint="it does not understand the request" ;;
	401) hint="the token is wrong or has expired" ;;
	403) hint="the token may not read this: ${fetch_rights:-give it the right to}" ;;
	404) hint="there is none, or the token may not see it: ${fetch_rights:-give it the right to}" ;;
	*) hint="no answer we know" ;;
	esac
	die "$1: answered $status: $hint; it says: $(said)"
}

same_api() { # URL: the same path at our API. A token goes nowhere else, whatever an answer says.
	local path=${1#*://} origin=${fetch_api#*://}
	path=/${path#*/}
	printf '%s://%s%s' "${fetch_api%%://*}" "${origin%%/*}" "$path"
}

host_name() { # of the API
	local host=${fetch_api#*://}
	printf '%s' "${host%%[/:]*}"
}

redirected() { # URL: where the answer points, if that is at the same API
	local to=${fetch_head[location]:-}
	[ -n "$to" ] || return 1
	[[ $to == http*://* ]] || to=$fetch_api$to
	[ "$to" = "$(same_api "$to")" ] && [ "$to" != "$1" ] || return 1
	printf '%s' "$to"
}

next_link() { # the next page, by the Link header; nothing after the last
	local link=${fetch_head[link]:-}
	[[ $link =~ \<([^\>]*)\>\;[^,\<]*rel=\"?next ]] && same_api "${BASH_REMATCH[1]}"
	return 0
}

encoded() { # TEXT, as part of an address
	jq -rn --arg text "$1" '$text | @uri'
}

# -- times -------------------------------------------------------------------------------------

instant() { # 1y 6w 30d 12h 15m 90s ago, or a date: seconds since 1970
	local n unit now
	if [[ $1 =~ ^([0-9]{1,6})([smhdwy])$ ]]; then
		n=${BASH_REMATCH[1]}
		case ${BASH_REMATCH[2]} in
		s) unit=1 ;;
		m) unit=60 ;;
		h) unit=3600 ;;
		d) unit=86400 ;;
		w) unit=604800 ;;
		y) unit=31536000 ;;
		esac
		printf -v now '%(%s)T' -1
		printf '%s' $((now - 10#$n * unit))
	elif [[ $1 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2} ]]; then
		date -u -d "$1" +%s 2>/dev/null
	else
		return 1
	fi
}

iso() { # SECONDS: 2026-06-01T12:00:00Z
	TZ=UTC printf '%(%FT%TZ)T' "$1"
}
