# fish completion of mayflyd(8)
complete -c mayflyd -f
complete -c mayflyd -l listen -x -a '127.0.0.1:8787 [::1]:8787 unix:/' -d 'Where to serve'
complete -c mayflyd -l state-dir -x -a '(__fish_complete_directories)' -d 'Where state is kept'
complete -c mayflyd -l config -r -F -d 'mayfly.json'
complete -c mayflyd -l check -d 'Check the config and exit'
complete -c mayflyd -l version -d 'Print the version'
complete -c mayflyd -l help -d 'Print a summary'
