"""The Merkle tree, against the vectors of Certificate Transparency and another implementation."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from assignments.audit.merkle.tree import Frontier, leaf_hash, node_hash

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def frontier(*leaves: bytes) -> Frontier:
    return Frontier().append(map(leaf_hash, leaves))


@pytest.mark.parametrize("size", range(9))
def test_root_of_the_certificate_transparency_vectors(size: int) -> None:
    assert frontier(*LEAVES[:size]).root().hex() == ROOTS[size]


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70))
def test_root_equals_another_implementation(leaves: list[bytes]) -> None:
    assert frontier(*leaves).root() == InmemoryTree.init_from_entries(leaves).get_root()


@given(st.lists(st.lists(st.binary(max_size=4), max_size=20), max_size=6))
def test_append_in_groups_gives_the_same_tree(groups: list[list[bytes]]) -> None:
    grown = Frontier()
    for group in groups:
        grown = grown.append(map(leaf_hash, group))
        grown = Frontier.from_bytes(grown.size, grown.to_bytes())

    assert grown == frontier(*(leaf for group in groups for leaf in group))


def test_spans_are_the_leaves_under_each_root() -> None:
    tree = frontier(*(bytes([number]) for number in range(13)))

    assert tree.spans() == [range(8), range(8, 12), range(12, 13)]
    assert tree.roots[2] == leaf_hash(bytes([12]))
    assert tree.roots[1] == frontier(*(bytes([number]) for number in range(8, 12))).root()


def test_node_and_leaf_hashes_differ_for_the_same_bytes() -> None:
    left, right = hashlib.sha256(b"left").digest(), hashlib.sha256(b"right").digest()

    assert node_hash(left, right) != leaf_hash(left + right)
    assert frontier(b"left", b"right").root() == node_hash(leaf_hash(b"left"), leaf_hash(b"right"))


@pytest.mark.parametrize(
    ("size", "joined"),
    [
        pytest.param(2, bytes(64), id="too many"),
        pytest.param(3, bytes(32), id="too few"),
        pytest.param(1, bytes(31), id="half a hash"),
    ],
)
def test_from_bytes_refuses_roots_of_another_size(size: int, joined: bytes) -> None:
    with pytest.raises(ValueError, match=r"complete subtrees|whole hashes"):
        Frontier.from_bytes(size, joined)
