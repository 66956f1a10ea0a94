/**
 * Scripts that know nothing themselves: at each Tab they ask `ballast __complete` with the words so far, so that
 * they never grow old. An answer is one candidate per line, with a description after a tab where there is one.
 */
export const completionScripts: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
  bash: `# bash completion for ballast
_ballast() {
    local word=\${COMP_WORDS[COMP_CWORD]} line candidates=()
    # bash splits at '=' and ':': put such words together again
    local words=() index
    _get_comp_words_by_ref -n =: -w words -i index 2>/dev/null || { words=("\${COMP_WORDS[@]}"); index=$COMP_CWORD; }
    word=\${words[index]}
    while IFS= read -r line; do
        [ -n "$line" ] && candidates+=("\${line%%$'\\t'*}")
    done < <("\${words[0]}" __complete -- "\${words[@]:1:index}" 2>/dev/null)
    if [ "\${candidates[0]}" = ":files" ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$word"))
        return
    fi
    COMPREPLY=("\${candidates[@]}")
    case "\${COMPREPLY[0]}" in *=) compopt -o nospace 2>/dev/null ;; esac
    type __ltrim_colon_completions >/dev/null 2>&1 && __ltrim_colon_completions "$word"
}
complete -F _ballast ballast
`,
  zsh: `#compdef ballast
# zsh completion for ballast
_ballast() {
    local line
    local -a candidates
    while IFS= read -r line; do
        [[ -n $line ]] && candidates+=("\${\${line//:/\\\\:}/$'\\t'/:}")
    done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
    if [[ \${candidates[1]} == '\\:files' ]]; then
        _files
    elif [[ \${candidates[1]} == *= ]]; then
        compadd -S '' -- "\${candidates[@]}"
    else
        _describe 'ballast' candidates
    fi
}
if [ "\${funcstack[1]}" = "_ballast" ]; then _ballast; else compdef _ballast ballast; fi
`,
  fish: `# fish completion for ballast
function __ballast_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answer ($words[1] __complete -- $words[2..-1] 2>/dev/null)
    if test "$answer[1]" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $answer
    end
end
complete -c ballast -f -a '(__ballast_complete)'
`,
};
