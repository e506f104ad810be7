"""`gatewayctl completion`: what a shell needs to complete commands and options, made from the parser itself."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator

from gatewayd.ctl.command import OK, Command
from gatewayd.ctl.terminal import Terminal

_Way = tuple[str, ...]

_BASH = """\
# bash completion of gatewayctl; install as /usr/share/bash-completion/completions/gatewayctl
_gatewayctl() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} way="" word words=""
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $word in -*) ;; *) case "$way $word" in {ways}) way="$way $word" ;; esac ;; esac
    done
    case $way in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}}
complete -o filenames -F _gatewayctl gatewayctl
"""

_ZSH = """\
#compdef gatewayctl
# zsh completion of gatewayctl; install as _gatewayctl in a folder of $fpath
local way="" word
for word in ${{words[2,CURRENT-1]}}; do
    case $word in -*) ;; *) case "$way $word" in {ways}) way="$way $word" ;; esac ;; esac
done
case $way in
{cases}
esac
_files
"""


def _arrange(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="which shell")


def _run(arguments: Namespace, terminal: Terminal) -> int:
    from gatewayd.ctl.main import build_parser  # which knows all commands, this one too

    terminal.say(script(build_parser(), arguments.shell).rstrip("\n"))
    return OK


def script(parser: ArgumentParser, shell: str) -> str:
    """The completion script for "bash", "zsh" or "fish"."""
    ways = dict(_walk(parser))
    if shell == "fish":
        return _fish(ways)
    alternatives = " | ".join(f'" {" ".join(way)}"' for way in ways if way)
    if shell == "bash":
        cases = "\n".join(f'        "{_joined(way)}") words="{" ".join(words)}" ;;' for way, words in ways.items())
        return _BASH.format(ways=alternatives, cases=cases)
    cases = "\n".join(f'    "{_joined(way)}") compadd -- {" ".join(words)} ;;' for way, words in ways.items())
    return _ZSH.format(ways=alternatives, cases=cases)


def _fish(ways: dict[_Way, dict[str, str]]) -> str:
    """Fish asks for each word apart, under which others it stands."""
    lines = ["# fish completion of gatewayctl; install as ~/.config/fish/completions/gatewayctl.fish"]
    for way, words in ways.items():
        under = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in way) or "__fish_use_subcommand"
        for word, text in words.items():
            kind = (
                f"-l {word[2:]}"
                if word.startswith("--")
                else f"-o {word[1:]}"
                if word.startswith("-")
                else f"-a {word}"
            )
            lines.append(f"complete -c gatewayctl -n '{under}' {kind} -d '{text.replace(chr(39), '')}'")
    return "\n".join(lines) + "\n"


def _joined(way: _Way) -> str:
    """A way as the scripts put it together."""
    return "".join(f" {word}" for word in way)


def _walk(parser: ArgumentParser, way: _Way = ()) -> Iterator[tuple[_Way, dict[str, str]]]:
    """Each command, and the words that may follow it with what they mean."""
    words: dict[str, str] = {}
    below: list[tuple[str, ArgumentParser]] = []
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            texts = {choice.dest: choice.help or "" for choice in action._choices_actions}
            words |= {name: texts.get(name, "") for name in action.choices}
            below += action.choices.items()
        elif action.option_strings:
            words |= {
                option: (action.help or "").replace("%(default)s", str(action.default))
                for option in action.option_strings
            }
        elif action.choices:
            words |= {str(choice): action.help or "" for choice in action.choices}
    yield way, words
    for name, one in below:
        yield from _walk(one, (*way, name))


COMMAND = Command("completion", "Print what bash, zsh or fish need to complete commands.", _arrange, _run)
