"""The wheel holds no module that neither the service nor the command line nor a documented import reaches."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ALSO_REACHED = {"api.demo", "footnote", "footnote.haystack", "footnote.ragas"}
"""`make demo`, and what people import."""
FOUND_BY_FOLDER = {"rag.store.migrate": "rag.store.migrations"}
"""Alembic finds its environment and its versions in a folder that this module names."""
TARGET = re.compile(r"([a-z_]\w*(?:\.[a-z_]\w*)+)(?::\w+)?")
"""`a.module` or `a.module:function`."""
DOCUMENTED = re.compile(r"^\s*(?:>>> )?(?:from|import) ([a-z_][\w.]*)(?: import \(?([\w, ]+))?", re.MULTILINE)

Modules = Mapping[str, ast.Module]


def wheel_modules(root: Path, patterns: list[str]) -> dict[str, ast.Module]:
    """Every module below `root` whose package setuptools includes, parsed, by dotted name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        package = ".".join(place.parts[:-1])
        if package and any(fnmatch(package, pattern) for pattern in patterns):
            name = package if place.name == "__init__.py" else f"{package}.{place.stem}"
            found[name] = ast.parse(path.read_text())
    return found


def unreached(modules: Modules, roots: set[str]) -> set[str]:
    """What no chain of imports from the roots leads to: at the top of a file or in a function, by a string
    that names a module (`python -m`, tables of commands and parsers), or by a folder.
    """
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in modules:
            continue
        seen.add(name)
        waiting += [name.rpartition(".")[0], *references(name, modules)]
    return set(modules) - seen


def references(name: str, modules: Modules) -> Iterator[str]:
    """The names that a module may import, of modules and of what they hold."""
    for node in ast.walk(modules[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, node)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
    strings = [
        node.value
        for node in ast.walk(modules[name])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    yield from (match[1] for text in strings if (match := TARGET.fullmatch(text)))
    for prefix in _import_prefixes(name, modules[name]):
        yield from (f"{prefix}{text.partition(':')[0].replace('-', '_')}" for text in strings)
    if name in FOUND_BY_FOLDER:
        yield from (one for one in modules if one.startswith(FOUND_BY_FOLDER[name]))


def _base(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parent = name.split(".")[: -node.level]
    return ".".join([*parent, *([node.module] if node.module else [])])


def _import_prefixes(name: str, tree: ast.Module) -> Iterator[str]:
    """What `import_module(f"PREFIX{…}")` begins with (`{__name__}` is the module itself), and the
    `package` of a group of commands, whose names are those of modules.
    """
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == "package"
            and isinstance(node.value, ast.Constant)
        ):
            yield f"{node.value.value}."
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func).endswith("import_module")
            and isinstance(text := node.args[0], ast.JoinedStr)
        ):
            parts = []
            for value in text.values:
                if isinstance(value, ast.Constant):
                    parts.append(str(value.value))
                elif isinstance(value, ast.FormattedValue) and ast.unparse(value.value) == "__name__":
                    parts.append(name)
                else:
                    break
            yield "".join(parts)


def documented() -> set[str]:
    """What the documentation tells people to import."""
    names = set()
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        if page.name == "log.md":
            continue
        for module, members in DOCUMENTED.findall(page.read_text(encoding="utf-8")):
            names |= {module, *(f"{module}.{member.strip()}" for member in members.split(","))}
    return names


def test_everything_in_the_wheel_is_reached() -> None:
    modules = wheel_modules(ROOT, PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"])
    scripts = {target.partition(":")[0] for target in PYPROJECT["project"]["scripts"].values()}
    assert scripts <= set(modules)
    assert not unreached(modules, scripts | ALSO_REACHED | documented())


def test_the_laboratory_and_the_tests_stay_out() -> None:
    modules = wheel_modules(ROOT, PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"])
    assert not {name for name in modules if name.split(".")[0] in ("lab", "tests")}


def test_what_nothing_names_is_unreached(tmp_path: Path) -> None:
    files = {
        "pack/__init__.py": "",
        "pack/main.py": "def run():\n    from pack import late\n\nTABLE = {'x': 'pack.tabled:go'}\n",
        "pack/late.py": "from .near import thing\n",
        "pack/near.py": "thing = 1\n",
        "pack/registry.py": "",
        "pack/tabled.py": "NAMES = ['a:f']\nimportlib.import_module(f'pack.kinds.{NAMES[0]}')\n",
        "pack/kinds/__init__.py": "",
        "pack/kinds/a.py": "",
        "pack/kinds/b.py": "from pack import registry\n",
        "other/x.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    modules = wheel_modules(tmp_path, ["pack*"])
    assert len(modules) == len(files) - 1
    assert unreached(modules, {"pack.main"}) == {"pack.registry", "pack.kinds.b"}
