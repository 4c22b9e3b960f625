# complete.zsh <folder of completions> <line>: what zsh offers at the end of the line, one a line. A real zsh on a pseudo-terminal, whose
# completer is told to print what it would add.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT= RPROMPT= fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -D -u
zle_bracketed_paste=()
compadd() {
    [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] && { builtin compadd \"\$@\"; return }
    typeset -a __hits; builtin compadd -A __hits \"\$@\"
    local __hit; for __hit in \$__hits; do print -r -- \"<offer>\$__hit</offer>\"; done
    builtin compadd \"\$@\"
}
print -r -- '<rea''dy>'"
typeset out= more=
integer tries=0
while [[ $out != *'<ready>'* ]] && ((tries++ < 500)); do zpty -r -t shell more && out+=$more || sleep 0.02; done
bindings=$'\t'
zpty -w shell "zle -C offers list-choices _main_complete; bindkey '^X' offers; finish() { print -r -- '<do''ne>' }; zle -N finish; bindkey '^Y' finish"
zpty -n -w shell "$2"$'\x18\x19'
out= tries=0
while [[ $out != *'<done>'* ]] && ((tries++ < 500)); do zpty -r -t shell more && out+=$more || sleep 0.02; done
zpty -d shell
for offer in ${(f)out//'<offer>'/$'\n<offer>'}; do
    [[ $offer == *'<offer>'*'</offer>'* ]] && print -r -- ${${offer#*<offer>}%%</offer>*}
done | sort -u
