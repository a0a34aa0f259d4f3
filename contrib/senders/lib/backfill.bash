# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# History from an API, fetched once, whole, and restartable. What every backfill shares; sourced
# after fetch.bash by <tool>/backfill, which provides:
#
#   tool               the name that `dorad import` knows
#   tool_option NAME VALUE    takes an option of its own: returns how many words it took, 0: none
#   tool_ready         after the options: checks them, logs in, says in $selection what is asked for
#   tool_plan          prints the steps, a line each: KIND, where it begins, what to call it (tabs)
#   page_KIND AT       fetches one page at AT, prints its objects a line each, and sets $next to
#                      where the next page begins, or leaves it empty after the last
#   tool_fetched       if it is there: called when all is in $folder/fetched
#
# All is fetched into a file first and handed over in one go at the end. After each page the state
# says how far we are and how long the file was: whenever we are killed, the next run cuts off what
# came after and goes on there. Where all was handed over it keeps the time at which this run
# began, from which the next one fetches.

# shellcheck source=contrib/senders/lib/fetch.bash
. "$(dirname "${BASH_SOURCE[0]}")/fetch.bash"

overlap=900     # seconds fetched again, for clocks that differ and what is written late
# A deployment may wait for its approval, and a run be repeated, for 30 days after it was made; and a
# commit be merged long after it was made.
late=$((35 * 86400))
stale=86400     # a place to go on from is good for a day: some APIs' pages go stale
since=          # what was asked for
tool=           # set by who sources this
selection=
folder=
import=no
dry_run=no
config=
restart=no
token_file=
next=
import_options=()
declare -A state

common_help() {
	cat <<-'END'

	common options:
	  --token-file FILE   the secret, alone on a line (default: the credential `token` of systemd)
	  --since WHEN        how far back the first run goes: 1y, 30d, 2026-01-01 (default 1y);
	                      later runs fetch what changed since the one before
	  --import            hand it to `dorad import` (default: print it, an object a line, which
	                      counts as handed over: what reads it must take all of it)
	  --dry-run           fetch it and only say what `dorad import` would make of it; what was
	                      fetched is kept for the next run, with --import
	  -c FILE             configuration for `dorad import`; $DORAD names the program
	  --state FOLDER      where to keep how far we are (default: one for each selection, in
	                      $STATE_DIRECTORY, else ~/.local/state/dorad)
	  --restart           forget how far we are
	  --leave N           leave N requests of the API's allowance to others (default 0)
	  --max-wait SECONDS  give up where a limit demands to wait for longer (default 3900)
	  --pause SECONDS     before the first repetition of a failed request (default 1)
	  --help              this text

	A run that ended early (a signal, an error, no network) goes on where it stopped when it is
	called again in the same way. Exit: 0 done, 1 failed, 2 misused.
	END
}

whole_number() { # NAME VALUE
	[[ $2 =~ ^[0-9]{1,9}$ ]] || misuse "$1 $2: want a whole number"
}

take_options() { # ARGUMENT...
	local took ms
	while [ $# -gt 0 ]; do
		case $1 in
		--help | -h)
			usage
			common_help
			exit 0
			;;
		--import) import=yes && shift && continue ;;
		--dry-run) import=yes && dry_run=yes && shift && continue ;;
		--restart) restart=yes && shift && continue ;;
		--*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
		esac
		took=0
		tool_option "$@" || took=$?
		[ "$took" = 0 ] || { shift "$took" 2>/dev/null || misuse "$1 wants a value"; continue; }
		[[ $1 =~ ^(--token-file|--since|-c|--state|--leave|--max-wait|--pause)$ ]] || misuse "no option $1"
		[ $# -ge 2 ] || misuse "$1 wants a value"
		case $1 in
		--token-file) token_file=$2 ;;
		--since) since=$2 ;;
		-c) config=$2 ;;
		--state) folder=$2 ;;
		--leave) whole_number "$1" "$2" && fetch_leave=$2 ;;
		--max-wait) whole_number "$1" "$2" && fetch_max_wait=$2 ;;
		--pause)
			[[ $2 =~ ^[0-9]{1,4}([.][0-9]{1,3})?$ ]] || misuse "--pause $2: want seconds"
			ms=$(printf '%.3f' "$2")
			fetch_pause_ms=$((10#${ms/./}))
			;;
		esac
		shift 2
	done
	wanted=$(instant "${since:-1y}") || misuse "--since $since: want 1y, 30d, 12h, or a date such as 2026-01-01"
	[ -n "$token_file" ] || token_file=$(default_secret)
}

# -- how far we are ----------------------------------------------------------------------------

load_state() {
	local key value
	state=()
	[ -f "$folder/state" ] || return 0
	while read -r key value; do
		state[$key]=$value
	done <"$folder/state"
}

save_state() { # KEY=VALUE...
	local pair key
	for pair in "$@"; do
		state[${pair%%=*}]=${pair#*=}
	done
	for key in "${!state[@]}"; do
		printf '%s %s\n' "$key" "${state[$key]}"
	done >"$folder/state.new"
	mv "$folder/state.new" "$folder/state"
}

open_state() {
	local base words
	read -ra words <<<"$selection"
	selection=${words[*]}
	if [ -z "$folder" ]; then
		base=${STATE_DIRECTORY:-${XDG_STATE_HOME:-${HOME:?}/.local/state}/dorad}
		folder=$base/backfill/$tool-$(printf '%s' "$selection" | sha256sum | head -c 10)
	fi
	umask 077 # what is fetched speaks of people, and the folder may be one that was there before
	mkdir -p "$folder" || die "$folder: cannot be made; name another with --state"
	exec 9>"$folder/lock"
	flock -n 9 || die "$folder: another run is at work there"
	[ "$restart" = no ] || rm -f "$folder/state" "$folder/plan" "$folder/fetched" "$folder/notes"
	load_state
	[ -z "${state[selection]:-}" ] || [ "${state[selection]}" = "$selection" ] ||
		die "$folder: holds how far another selection is: ${state[selection]};" \
			"name another folder with --state, or begin anew with --restart"
}

# What a tool wants to remember from one run to the next: KEY VALUE. It counts once all is handed over.
note() {
	printf '%s %s\n' "$1" "$2" >>"$folder/notes.new"
}

noted() { # KEY: what the run before noted
	[ ! -f "$folder/notes" ] || awk -v key="$1" '$1 == key { value = $2 } END { print value }' "$folder/notes"
}

has_not_moved() { # PAGE NEWEST-COMMIT: the branch since the run before
	local key=${1%%\?*}
	[[ $1 != *[?\&]page=* ]] || return 1 # not its first page
	note "$key" "$2"
	is_later_run && [ "$(noted "$key")" = "$2" ]
}

early() { # the time from which to look for what may have happened to something older
	iso $((state[since] - late))
}

is_later_run() { # it fetches what changed since the one before
	((state[since] > state[first]))
}

# -- what to fetch -----------------------------------------------------------------------------

wants_more() { # than any run before. A day's grace: "1y" is a later moment at every run.
	((wanted <= ${state[first]:-0} - 86400))
}

begin_run() { # from where the last one began, or as far back as is asked for
	local from=$wanted now first=${state[first]:-}
	printf -v now '%(%s)T' -1
	((from < now)) || misuse "--since $since: lies ahead"
	if [[ $first && ${state[through]:-} ]] && ! wants_more; then
		from=$((state[through] - overlap))
	else
		first=$wanted
	fi
	: >"$folder/fetched"
	rm -f "$folder/plan" "$folder/notes.new"
	save_state phase=fetching "selection=$selection" "since=$from" "began=$now" "first=$first" \
		step=1 at= bytes=0 step_bytes=0 "saved=$now"
}

continue_run() {
	local size now
	size=$(stat -c %s "$folder/fetched" 2>/dev/null) || size=-1
	if [ ! -f "$folder/plan" ] && [ "${state[bytes]}" = 0 ]; then
		size=0
	elif [ ! -f "$folder/plan" ] || ((size < state[bytes])); then
		say "$folder: not all that was fetched is still there: beginning anew"
		begin_run
		return
	fi
	printf -v now '%(%s)T' -1
	if ((now - state[saved] > stale)); then
		state[at]=
		state[bytes]=${state[step_bytes]}
	fi
	truncate -s "${state[bytes]}" "$folder/fetched"
	say "going on where the last run stopped: step ${state[step]}, $(wc -l <"$folder/fetched") objects so far"
}

make_plan() {
	[ ! -f "$folder/plan" ] || return 0
	tool_plan >"$folder/plan.new"
	mv "$folder/plan.new" "$folder/plan"
}

# -- the run -----------------------------------------------------------------------------------

told_at=0
progress() { # force|maybe LABEL N TOTAL
	local now left=
	printf -v now '%(%s)T' -1
	[ "$1" = force ] || ((now - told_at >= 2)) || return 0
	told_at=$now
	[ -z "$fetch_remaining" ] || left=", $fetch_remaining left of the allowance"
	say "$2 (step $3 of $4): $(wc -l <"$folder/fetched") objects, $fetch_requests requests$left"
}

run_step() { # N TOTAL KIND AT LABEL
	local at=$4 now
	if [ -n "${state[at]}" ]; then
		at=${state[at]}
	else
		state[step_bytes]=${state[bytes]}
	fi
	while [ -n "$at" ]; do
		next=
		"page_$3" "$at" >>"$folder/fetched"
		at=$next
		printf -v now '%(%s)T' -1
		state[bytes]=$(stat -c %s "$folder/fetched")
		[ -n "$at" ] || state[step]=$(($1 + 1))
		save_state "at=$at" "saved=$now"
		progress maybe "$5" "$1" "$2"
	done
}

run_steps() {
	local n=0 total kind at label
	total=$(wc -l <"$folder/plan")
	while IFS=$'\t' read -r -u 3 kind at label; do
		n=$((n + 1))
		((n >= state[step])) || continue
		run_step "$n" "$total" "$kind" "$at" "$label"
	done 3<"$folder/plan"
	! declare -F tool_fetched >/dev/null || tool_fetched
	save_state phase=fetched
	progress force "all fetched" "$total" "$total"
}

dorad_import() { # OPTION...
	[ ! -s "$folder/fetched" ] ||
		"${DORAD:-dorad}" import ${config:+-c "$config"} --tolerant "$@" "${import_options[@]}" "$tool" \
			"$folder/fetched" ||
		die "dorad import did not take it; what was fetched is kept in $folder:" \
			"run this again when that is mended"
}

hand_over() {
	if [ "$dry_run" = yes ]; then
		dorad_import --dry-run
		say "kept in $folder until it is handed over: --import"
		return
	elif [ "$import" = yes ]; then
		dorad_import
	else
		cat "$folder/fetched" || die "not all of it could be written; run this again"
	fi
	[ ! -f "$folder/notes.new" ] || mv "$folder/notes.new" "$folder/notes"
	save_state phase=done "through=${state[began]}" at=
	rm -f "$folder/fetched" "$folder/plan"
}

backfill() { # ARGUMENT...
	fetch_name="$tool backfill"
	take_options "$@"
	[ "$import" = no ] || command -v "${DORAD:-dorad}" >/dev/null ||
		die "${DORAD:-dorad} is not installed; \$DORAD may name it"
	tool_ready
	open_state
	fetch_begin
	if [[ ${state[phase]:-} == fetch* ]] && wants_more; then
		say "more is asked for than the last run was to fetch: beginning anew"
		state[phase]=
	fi
	case ${state[phase]:-} in
	fetching) continue_run ;;
	fetched) say "fetched by the last run: handing it over" ;;
	*) begin_run ;;
	esac
	if [ "${state[phase]}" = fetching ]; then
		make_plan
		run_steps
	fi
	hand_over
}
