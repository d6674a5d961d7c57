"""Templates as a whole: a block that the base does not have would be left out silently."""

from pathlib import Path

from django.conf import settings
from django.template import Engine
from django.template.loader_tags import BlockNode, ExtendsNode

FOLDER = Path(settings.BASE_DIR) / "templates"


def extends_node(name: str) -> ExtendsNode | None:
    """Return the node by which a template extends its base, if it does."""
    nodes = Engine.get_default().get_template(name).nodelist
    return next(iter(nodes.get_nodes_by_type(ExtendsNode)), None)


def block_names(name: str) -> set[str]:
    """Return the names of the blocks of a template, nested ones and those of its base included."""
    nodes = Engine.get_default().get_template(name).nodelist
    names = {node.name for node in nodes.get_nodes_by_type(BlockNode)}
    extends = extends_node(name)
    return names | block_names(extends.parent_name.resolve({})) if extends else names


def test_every_block_is_one_of_the_base():
    pages = [str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html")]
    extending = {page: node for page in pages if (node := extends_node(page))}

    assert extending
    for page, extends in extending.items():
        base = block_names(extends.parent_name.resolve({}))
        outermost = {node.name for node in extends.nodelist if isinstance(node, BlockNode)}
        assert (page, outermost - base) == (page, set())
