/** The shells for which there is a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

/**
 * In bash, = and : divide words: they are joined again, and taken off the candidates. So are quotes, of which the last
 * may not be closed yet. Files and folders are completed by bash itself, which quotes them.
 */
const BASH = `# bash completion for preannotate
_preannotate_unquote() {
  local text=$1 quote='' char i
  unquoted=''
  for ((i = 0; i < \${#text}; i++)); do
    char=\${text:i:1}
    case $quote$char in
      '"' | "'") quote=$char ;;
      '""' | "''") quote='' ;;
      '\\' | '"\\') ((++i)); unquoted+=\${text:i:1} ;;
      *) unquoted+=$char ;;
    esac
  done
}
_preannotate() {
  local program=\${COMP_WORDS[0]} piece before='' unquoted word line cut kind=none i
  local -a words=()
  _preannotate_unquote "\${COMP_WORDS[COMP_CWORD]}"
  piece=$unquoted
  for ((i = 1; i <= COMP_CWORD; i++)); do
    _preannotate_unquote "\${COMP_WORDS[i]}"
    word=$unquoted
    if [[ \${#words[@]} -gt 0 && ( $word == [=:]* || $before == *[=:] ) ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
    before=$word
  done
  word=\${words[\${#words[@]}-1]}
  case $piece in
    [=:]*) cut=$word ;;
    *) cut=\${word%"$piece"} ;;
  esac
  program=\${program/#\\~\\//$HOME/}
  type -P "$program" >/dev/null || program=preannotate
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) kind=\${line#:} ;;
      *) line=\${line%%$'\\t'*}; COMPREPLY+=("\${line#"$cut"}") ;;
    esac
  done < <("$program" complete -- "\${words[@]}" 2>/dev/null)
  case $kind in
    none) compopt +o default ;;
    paths) compopt -o filenames ;;
    files)
      if [[ \${#COMPREPLY[@]} -gt 0 ]]; then
        compopt -o filenames
        mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$piece")
      fi ;;
    folders) compopt +o default; compopt -o dirnames ;;
  esac 2>/dev/null
  return 0
}
complete -o default -F _preannotate preannotate
`;

const ZSH = `#compdef preannotate
# zsh completion for preannotate
_preannotate() {
  local program=\${~words[1]} line kind=none
  local -a given=("\${(@Q)words[2,CURRENT]}") candidates
  (( \${+commands[$program]} )) || [[ -x $program ]] || program=preannotate
  for line in "\${(@f)$("$program" complete -- "\${given[@]}" 2>/dev/null)}"; do
    case $line in
      :*) kind=\${line#:} ;;
      ?*) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe -V preannotate candidates
  [[ $PREFIX == --*=* ]] && compset -P '*='
  case $kind in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ $funcstack[1] == _preannotate ]]; then
  _preannotate "$@"
else
  compdef _preannotate preannotate
fi
`;

const FISH = `# fish completion for preannotate
function __preannotate_complete
    set -l words (commandline -opc)
    set -l current (string unescape -- (commandline -ct); or commandline -ct)
    set -l program preannotate
    type -q -- $words[1]; and set program $words[1]
    set -l kind none
    for line in ($program complete -- $words[2..-1] "$current" 2>/dev/null)
        if string match -q -- ':*' $line
            set kind (string sub -s 2 -- $line)
        else
            echo $line
        end
    end
    set -l option (string match -r -- '^--[^=]*=' $current)
    set -l path (string replace -r -- '^--[^=]*=' '' $current)
    switch $kind
        case files
            printf "$option%s\\n" (__fish_complete_path "$path")
        case folders
            printf "$option%s\\n" (__fish_complete_directories "$path" '')
    end
end
complete -c preannotate -f -k -a '(__preannotate_complete)'
`;

/** The script that completes command lines in a shell. */
export function completionScript(shell: Shell): string {
  return { bash: BASH, zsh: ZSH, fish: FISH }[shell];
}
