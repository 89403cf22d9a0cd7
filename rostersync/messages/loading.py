"""The templates of messages: those that come along, a district's own in their place, checked when they are loaded.

What comes along is compiled, and checked as well, when the first message is written: most nights have none.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError
from rostersync.messages.variables import MEANINGS, SAMPLES, variables
from rostersync.settings.mistakes import nearest

if TYPE_CHECKING:
    from jinja2 import Environment, Template

DEFAULTS = Path(__file__).parent / "templates"
"""The folder of the templates that come along."""

NAMES = ("contact-updated.email.subject.j2", "contact-updated.email.txt.j2", "contact-updated.sms.txt.j2")
"""Every template: what it is about, its channel, its part."""

_REMEDY = "nothing was changed; correct it, or remove it to have the wording that comes along"
_FAILURES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What an expression of a template may end in, beside jinja2's own errors."""


@dataclass(frozen=True)
class Templates:
    """All templates, file and text by name; `own` are the names of those that lie in the district's folder."""

    texts: Mapping[str, tuple[Path, str]]
    own: tuple[str, ...]

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """The text of one template.

        Raises:
            ConfigurationError: an expression fails on these values, which are not repeated.
        """
        from jinja2 import TemplateError

        template = _checked(*self.texts[name])
        try:
            return template.render(values).strip()
        except (TemplateError, *_FAILURES) as error:
            place = _place(str(template.filename), _failing_line(error, str(template.filename)))
            raise ConfigurationError(
                f"{place}: {type(error).__name__} for one of tonight's people; {_REMEDY}"
            ) from None


def load(folder: Path) -> Templates:
    """The templates: a file in `folder` replaces the one of the same name that comes along.

    Raises:
        ConfigurationError: a file cannot be read, has another name, or is no template that works with the variables
            there are; the text names file and line.
    """
    own = _own(folder)
    files = {name: (folder if name in own else DEFAULTS) / name for name in NAMES}
    texts = {name: (file, _read(file)) for name, file in files.items()}
    for name in own:
        _checked(*texts[name])
    return Templates(texts, own)


def _own(folder: Path) -> tuple[str, ...]:
    """Names of the district's own templates; a folder that is not there has none."""
    try:
        found = sorted(path.name for path in folder.iterdir() if path.suffix == ".j2")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be read ({error.strerror}); nothing was changed; make messages.templates a folder that "
            "the account that runs rostersync may read"
        ) from None
    for name in found:
        if name not in NAMES:
            raise ConfigurationError(
                f"{folder / name} has the name of no template (the nearest is {nearest(name, NAMES)}); nothing was "
                "changed; rename or remove it"
            )
    return tuple(found)


@functools.cache
def _environment() -> Environment:
    """Plain texts: nothing is escaped, nothing may be left undefined, and the same values give the same text."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    del environment.globals["lipsum"], environment.filters["random"]
    return environment


@functools.lru_cache(maxsize=32)
def _checked(file: Path, source: str) -> Template:
    """The template of a file with this text, compiled and checked once."""
    from jinja2 import TemplateError, TemplateSyntaxError

    environment = _environment()
    try:
        _check_names(environment, source, file)
        code = environment.compile(source, file.name, str(file))
        template = environment.template_class.from_code(environment, code, environment.make_globals(None))
    except TemplateSyntaxError as error:
        raise ConfigurationError(f"{_place(str(file), error.lineno)}: {error.message}; {_REMEDY}") from None
    for sample in SAMPLES:
        try:
            template.render(variables(sample, "District"))
        except (TemplateError, *_FAILURES) as error:
            place = _place(str(file), _failing_line(error, str(file)))
            raise ConfigurationError(f"{place}: {' '.join(str(error).split())}; {_REMEDY}") from None
    return template


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 text (byte {error.start}); {_REMEDY}") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read ({error.strerror}); {_REMEDY}") from None


def _check_names(environment: Environment, source: str, file: Path) -> None:
    """Only variables that there are, and no other file."""
    from jinja2 import meta, nodes

    tree = environment.parse(source, file.name, str(file))
    other = next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None)
    if other is not None:
        raise ConfigurationError(f"{_place(str(file), other.lineno)}: a template is one file alone; {_REMEDY}")
    unknown = meta.find_undeclared_variables(tree) - set(MEANINGS)
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            hint = nearest(name.name, MEANINGS)
            raise ConfigurationError(
                f"{_place(str(file), name.lineno)}: there is no variable {name.name}, the nearest is {hint}; {_REMEDY}"
            )


def _failing_line(error: BaseException, file: str) -> int | None:
    """The template's line that an error comes from."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def _place(file: str, line: int | None) -> str:
    return file if line is None else f"{file}, line {line}"
