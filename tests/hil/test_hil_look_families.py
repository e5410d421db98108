"""Looks as words: drawn by seed, families of training and test drivers apart."""

import dataclasses

import pytest

from dms.errors import UsageError
from hil.driver.look import families
from hil.driver.look.look import SKIN_850, SKIN_940, look_for
from hil.driver.look.styles import STYLES
from hil.driver.split import split_of

SEEDS = range(2000)
FAMILIES = {
    "hair": families.HAIR, "eyewear": families.EYEWEAR, "headwear": families.HEADWEAR, "masks": families.MASKS,
    "patterns": families.PATTERNS, "lights": families.LIGHTS,
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_train_and_test_families_share_no_word(name: str) -> None:
    family = FAMILIES[name]
    assert set(family) == {"train", "test"}
    assert family["train"] and family["test"]
    assert not set(family["train"]) & set(family["test"])


def test_two_thousand_seeds_give_two_thousand_looks_of_their_own_split() -> None:
    looks = [look_for(seed) for seed in SEEDS]
    assert len({dataclasses.replace(look, seed=0) for look in looks}) == len(looks)
    for look in looks:
        assert look.split == split_of(look.seed)
        assert look.hair.style in families.HAIR[look.split]
        assert look.cloth.pattern in families.PATTERNS[look.split]
        for word, family in (
            (look.eyewear.model, families.EYEWEAR), (look.worn.headwear, families.HEADWEAR), (look.worn.mask, families.MASKS),
        ):  # fmt: skip
            assert word == "none" or word in family[look.split]


def test_every_word_of_a_family_is_worn_by_somebody() -> None:
    looks = [look_for(seed) for seed in SEEDS]
    for family, worn in (
        (families.HAIR, {look.hair.style for look in looks}),
        (families.EYEWEAR, {look.eyewear.model for look in looks}),
        (families.HEADWEAR, {look.worn.headwear for look in looks}),
        (families.MASKS, {look.worn.mask for look in looks}),
        (families.PATTERNS, {look.cloth.pattern for look in looks}),
    ):
        assert set(family["train"]) | set(family["test"]) <= worn


def test_a_seed_always_gives_the_same_look() -> None:
    assert look_for(17) == look_for(17) == look_for(17, "test")
    assert look_for(17) != look_for(18)


def test_a_split_that_contradicts_the_seed_is_refused() -> None:
    with pytest.raises(UsageError, match="seed 5 is a test driver"):
        look_for(5, "train")


def test_overrides_change_one_attribute_only() -> None:
    plain, changed = look_for(3), look_for(3, None, {"eyewear.model": "hexagon", "age": 1, "worn.extras": "earbud"})
    assert changed.eyewear.model == "hexagon" and changed.age == 1.0 and changed.worn.extras == ("earbud",)
    assert changed.hair == plain.hair and changed.eyewear.lens == plain.eyewear.lens


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [("hat", 1, "no attribute"), ("eyewear.model", "monocle", "monocle"), ("age", "old", "takes a float"),
     ("eyewear", "round", "no attribute"), ("worn.scarf", 1, "takes a bool"), ("worn.extras", ["crown"], "crown")],
)  # fmt: skip
def test_an_override_that_means_nothing_is_refused(name: str, value: object, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        look_for(3, None, {name: value})


def test_melanin_matters_less_at_940_than_at_850_nm() -> None:
    assert SKIN_850[0] - SKIN_850[5] > 2 * (SKIN_940[0] - SKIN_940[5])


def test_attributes_stay_in_their_ranges() -> None:
    for seed in SEEDS:
        look = look_for(seed)
        assert 0 <= look.age <= 1 and 0 <= look.feminine <= 1
        assert 0.4 < look.skin.albedo_940 < 0.72 and 0.03 < look.hair.albedo < 0.62
        assert 0.02 < look.brows.albedo < 0.62 and 0 <= look.skin.wrinkles <= 1
        assert look.hair.style in STYLES
