# fish completion of mayfly(1)

function __mayfly_at
    set -l words (commandline -opc)
    set -e words[1]
    string match -q -- "$argv *" "$words "
end

function __mayfly_words
    test (count (commandline -opc)) -eq $argv[1]
end

complete -c mayfly -f
complete -c mayfly -n '__mayfly_words 1' -a run -d 'Send a module and wait for its end'
complete -c mayfly -n '__mayfly_words 1' -a secret -d 'Keep, list and delete secrets'
complete -c mayfly -n '__mayfly_words 1' -a outbound -d 'Keep, list and explain policies'
complete -c mayfly -n '__mayfly_words 1' -a token -d 'Make, list, rotate and revoke access tokens'
complete -c mayfly -n '__mayfly_words 1' -a tenant -d 'Keep tenants and their quotas'
complete -c mayfly -n '__mayfly_words 1' -a fs -d 'Files in workspaces'
complete -c mayfly -n '__mayfly_words 1' -a runs -d 'List runs that are over, show one'
complete -c mayfly -n '__mayfly_words 1' -a tail -d 'Show what runs come to'
complete -c mayfly -n '__mayfly_words 1' -a health -d 'What the daemon says of itself'
complete -c mayfly -n '__mayfly_words 1' -a version -d 'Print the version'
complete -c mayfly -n '__mayfly_words 1' -a help -d 'Print a summary'
complete -c mayfly -n '__mayfly_words 2; and __mayfly_at secret' -a 'put list delete'
complete -c mayfly -n '__mayfly_words 2; and __mayfly_at outbound' -a 'put list get delete explain'
complete -c mayfly -n '__mayfly_words 2; and __mayfly_at token' -a 'create list rotate revoke'
complete -c mayfly -n '__mayfly_words 2; and __mayfly_at tenant' -a 'put list get delete'
complete -c mayfly -n '__mayfly_words 2; and __mayfly_at fs' -a 'ls cat put get mkdir rm mv cp sync list create delete fork snapshots snapshot restore'
complete -c mayfly -n '__mayfly_words 2; and __mayfly_at runs' -a 'list get'
complete -c mayfly -n '__mayfly_at run; or __mayfly_at fs put; or __mayfly_at fs get; or __mayfly_at fs sync' -F
complete -c mayfly -n '__mayfly_words 4; and __mayfly_at secret put' -F
complete -c mayfly -n '__mayfly_words 4; and __mayfly_at outbound put' -F

complete -c mayfly -l url -x -d 'The daemon: http, https or unix:PATH'
complete -c mayfly -l cacert -r -F -d 'The certificate authority of an https daemon'
complete -c mayfly -l token-file -r -F -d 'The access token'
complete -c mayfly -l tenant -x -d 'Act for this tenant'
complete -c mayfly -l help -d 'Print a summary'
complete -c mayfly -n '__mayfly_at run' -l env -x -d 'NAME=TEXT in the worker\'s env'
complete -c mayfly -n '__mayfly_at run; or __mayfly_at outbound explain' -l request -x -a 'GET HEAD POST PUT PATCH DELETE OPTIONS' -d 'The method and URL of the request'
complete -c mayfly -n '__mayfly_at run; or __mayfly_at outbound explain' -l header -x -d 'A header of that request'
complete -c mayfly -n '__mayfly_at run' -l data -x -d 'Its body, or @FILE'
complete -c mayfly -n '__mayfly_at run' -l cpu-ms -x -d 'CPU time that the run may use'
complete -c mayfly -n '__mayfly_at run' -l wall-ms -x -d 'Time that it may take'
complete -c mayfly -n '__mayfly_at run' -l memory-mb -x -d 'Memory that it may use'
complete -c mayfly -n '__mayfly_at run; or __mayfly_at secret list; or __mayfly_at outbound list; or __mayfly_at outbound get; or __mayfly_at outbound explain; or __mayfly_at token; or __mayfly_at tenant; or __mayfly_at runs; or __mayfly_at tail' -l json -d 'The daemon\'s whole answer'
complete -c mayfly -n '__mayfly_at secret put' -l kind -x -a 'plain bearer basic header query oauth2_client_credentials aws_sigv4 hmac' -d 'What the value is'
complete -c mayfly -n '__mayfly_at secret put' -l host -x -d 'Where it may be sent'
complete -c mayfly -n '__mayfly_at secret put' -l set -x -d 'FIELD=TEXT beside the value'
complete -c mayfly -n '__mayfly_at secret put' -l allow-http -d 'It may be sent in cleartext'
complete -c mayfly -n '__mayfly_at fs ls' -l long -d 'Kind, mode, size and time too'
complete -c mayfly -n '__mayfly_at fs ls; or __mayfly_at fs rm; or __mayfly_at fs cp' -l recursive -d 'All below a directory'
complete -c mayfly -n '__mayfly_at fs rm' -l force -d 'What is not there is fine'
complete -c mayfly -n '__mayfly_at fs mkdir' -l parents -d 'Directories above it too'
complete -c mayfly -n '__mayfly_at fs sync' -l delete -d 'Remove what is only at the receiving end'
complete -c mayfly -n '__mayfly_at fs sync' -l dry-run -d 'Only say what would be done'
complete -c mayfly -n '__mayfly_at fs sync' -l verbose -d 'Say what is done'
complete -c mayfly -n '__mayfly_at runs list; or __mayfly_at tail' -l worker -x -d 'Runs of this worker'
complete -c mayfly -n '__mayfly_at runs list; or __mayfly_at tail' -l outcome -x -a 'ok failed exception exceededCpu exceededMemory exceededWallTime canceled internalError' -d 'Runs that ended so'
complete -c mayfly -n '__mayfly_at runs list' -l since -x -d 'Runs that ended then or later'
complete -c mayfly -n '__mayfly_at runs list' -l limit -x -d 'So many runs'
complete -c mayfly -n '__mayfly_at tail' -l search -x -d 'Runs that say this'
complete -c mayfly -n '__mayfly_at token create' -l scope -x -a 'run workers workers:read workspaces workspaces:read secrets secrets:read outbounds outbounds:read usage logs tokens metrics admin' -d 'What the token may'
complete -c mayfly -n '__mayfly_at token create' -l expires -x -d 'Seconds that it holds'
complete -c mayfly -n '__mayfly_at token rotate' -l overlap -x -d 'Seconds that the key before holds'
complete -c mayfly -n '__mayfly_at tenant put' -l quota -x -d 'QUOTA=N'
