# bash completion of mayfly(1) and mayflyd(8)

_mayfly_take() {
    local IFS=$'\n'
    COMPREPLY=($(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}"))
}

_mayfly() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-} options="--url --cacert --token-file --tenant --help"
    COMPREPLY=()
    case $before in
    --kind) _mayfly_take -W $'plain\nbearer\nbasic\nheader\nquery\noauth2_client_credentials\naws_sigv4\nhmac' && return ;;
    --cacert | --token-file) _mayfly_take -f && return ;;
    --scope) _mayfly_take -W $'run\nworkers\nworkers:read\nworkspaces\nworkspaces:read\nsecrets\nsecrets:read\noutbounds\noutbounds:read\nusage\nlogs\ntokens\nmetrics\nadmin' && return ;;
    --request) _mayfly_take -W $'GET\nHEAD\nPOST\nPUT\nPATCH\nDELETE\nOPTIONS' && return ;;
    --url | --env | --header | --data | --cpu-ms | --wall-ms | --memory-mb | --host | --set | --tenant | --expires | --overlap | --quota | --worker | --search | --since | --limit) return ;;
    --outcome) _mayfly_take -W $'ok\nfailed\nexception\nexceededCpu\nexceededMemory\nexceededWallTime\ncanceled\ninternalError' && return ;;
    esac
    if ((COMP_CWORD == 1)); then
        _mayfly_take -W $'run\nsecret\noutbound\ntoken\ntenant\nfs\nruns\ntail\nhealth\nversion\nhelp'
        return
    fi
    case $command in
    secret | outbound | token | tenant | fs | runs)
        if ((COMP_CWORD == 2)); then
            case $command in
            secret) _mayfly_take -W $'put\nlist\ndelete' ;;
            outbound) _mayfly_take -W $'put\nlist\nget\ndelete\nexplain' ;;
            token) _mayfly_take -W $'create\nlist\nrotate\nrevoke' ;;
            tenant) _mayfly_take -W $'put\nlist\nget\ndelete' ;;
            fs) _mayfly_take -W $'ls\ncat\nput\nget\nmkdir\nrm\nmv\ncp\nsync\nlist\ncreate\ndelete\nfork\nsnapshots\nsnapshot\nrestore' ;;
            runs) _mayfly_take -W $'list\nget' ;;
            esac
            return
        fi
        ;;
    esac
    case $command:${COMP_WORDS[2]-} in
    run:*) options+=" --env --request --header --data --cpu-ms --wall-ms --memory-mb --json" ;;
    secret:put) options+=" --kind --host --set --allow-http" ;;
    secret:list | outbound:list | outbound:get) options+=" --json" ;;
    outbound:explain) options+=" --request --header --json" ;;
    fs:ls) options+=" --long --recursive" ;;
    fs:mkdir) options+=" --parents" ;;
    fs:rm) options+=" --recursive --force" ;;
    fs:cp) options+=" --recursive" ;;
    fs:sync) options+=" --delete --dry-run --verbose" ;;
    token:create) options+=" --scope --expires --json" ;;
    token:rotate) options+=" --overlap --json" ;;
    tenant:put) options+=" --quota --json" ;;
    runs:list) options+=" --worker --outcome --since --limit --json" ;;
    tail:*) options+=" --worker --outcome --search --json" ;;
    token:* | tenant:* | runs:get) options+=" --json" ;;
    esac
    if [[ $word == -* ]]; then
        _mayfly_take -W "${options// /$'\n'}"
        return
    fi
    case $command:${COMP_WORDS[2]-}:$COMP_CWORD in
    run:*) _mayfly_take -f ;;
    token:* | tenant:*) ;;
    fs:put:* | fs:get:* | fs:sync:*) _mayfly_take -f ;;
    fs:*) ;;
    *:put:3) ;; # A name, which only the daemon knows.
    *:put:*) _mayfly_take -f ;;
    esac
}

_mayflyd() {
    COMPREPLY=()
    case ${COMP_WORDS[COMP_CWORD - 1]} in
    --config) _mayfly_take -f ;;
    --state-dir) _mayfly_take -d ;;
    --listen) _mayfly_take -W $'127.0.0.1:8787\n[::1]:8787\nunix:/' ;;
    *) _mayfly_take -W $'--listen\n--state-dir\n--config\n--check\n--version\n--help' ;;
    esac
}

complete -o filenames -F _mayfly mayfly
complete -o filenames -F _mayflyd mayflyd
