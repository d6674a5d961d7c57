"""Templates as a whole: a block that the base does not have would be left out silently."""

from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.template.loader_tags import BlockNode, ExtendsNode

FOLDER = Path(settings.BASE_DIR) / "templates"


def block_names(name: str) -> set[str]:
    """Return the names of the blocks of a template, nested ones and those of its base included."""
    nodes = get_template(name).template.nodelist
    names = {node.name for node in nodes.get_nodes_by_type(BlockNode)}
    for node in nodes.get_nodes_by_type(ExtendsNode):
        names |= block_names(node.parent_name.resolve({}))
    return names


def test_every_block_is_one_of_the_base():
    pages = {
        str(path.relative_to(FOLDER)): nodes[0]
        for path in FOLDER.rglob("*.html")
        if (
            nodes := get_template(
                str(path.relative_to(FOLDER))
            ).template.nodelist.get_nodes_by_type(ExtendsNode)
        )
    }
    assert pages
    for page, extends in pages.items():
        base = block_names(extends.parent_name.resolve({}))
        outermost = {node.name for node in extends.nodelist if isinstance(node, BlockNode)}
        assert (page, outermost - base) == (page, set())
