"""The instructions of the README work exactly as written."""

import re
import subprocess
import sys

from tests.conftest import World
from tests.house.tree import ROOT

README = (ROOT / "README.md").read_text()


def test_the_python_program_of_the_readme_prints_the_pipelines(world: World) -> None:
    world.pipeline(name="Hazel trees")
    [program] = re.findall(r"```python\n(.*?)```", README, re.S)
    command = [sys.executable, "-c", as_if_here(program, world)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output == "['Hazel trees']\n"


def test_the_curl_line_of_the_readme_lists_the_pipelines(world: World) -> None:
    pipeline = world.pipeline()
    [url] = re.findall(r"^curl -u bw_YOUR_KEY: (\S+)$", README, re.MULTILINE)
    answer = world.ada.http.get(as_if_here(url, world)).json()
    assert [each["key"] for each in answer] == [pipeline["key"]]


def as_if_here(text: str, world: World) -> str:
    return text.replace("http://127.0.0.1:8080", world.server.url).replace("bw_YOUR_KEY", world.ada.key)
