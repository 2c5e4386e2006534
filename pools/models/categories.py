"""What a pool is for: categories with their keyword rules, and what people set by hand.

People write these in the admin. `Pool.category` follows from them: see `pools.ingest.categories`.
"""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, RegexValidator
from django.db import models
from django.utils.translation import get_language, gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from pools.categorising import LONGEST_KEYWORD, keywords_in, unusable
from pools.fields import UInt256Field
from pools.models.chain import Contract

NO_CATEGORY = "none"  # how lists name the pools without one; no category may be called so
_MOST_TEXT = 8_000  # characters of keywords


def usable_keywords(text: str) -> None:
    """Raise ValidationError for keywords that no name can have."""
    if bad := unusable(keywords_in(text)):
        raise ValidationError(
            _(
                "No name could match these: %(words)s. A keyword has a letter, a digit or an emoji "
                "and at most %(most)s characters."
            ),
            params={"words": ", ".join(word[:40] for word in bad[:5]), "most": LONGEST_KEYWORD},
        )


class Category(models.Model):
    """What a pool may be for. The keywords in its name decide, unless staff did."""

    class Tone(models.TextChoices):
        """The colours, as classes of the style sheet: `tone-blue` and so on."""

        BLUE = "blue", _("Blue")
        CYAN = "cyan", _("Cyan")
        TEAL = "teal", _("Teal")
        GREEN = "green", _("Green")
        LIME = "lime", _("Lime")
        AMBER = "amber", _("Amber")
        ORANGE = "orange", _("Orange")
        RED = "red", _("Red")
        PINK = "pink", _("Pink")
        PURPLE = "purple", _("Purple")
        INDIGO = "indigo", _("Indigo")
        GREY = "grey", _("Grey")

    slug = models.SlugField(
        _("slug"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(rf"^(?!{NO_CATEGORY}$)[a-z0-9]+(-[a-z0-9]+)*$")],
        help_text=_(
            "Its name in addresses and in the API, for good: small letters, digits, hyphens."
        ),
    )
    name_en = models.CharField(_("English name"), max_length=40)
    name_es = models.CharField(_("Spanish name"), max_length=40)
    tone = models.CharField(_("colour"), max_length=8, choices=Tone, default=Tone.GREY)
    order = models.PositiveSmallIntegerField(
        _("order"),
        default=100,
        help_text=_(
            "Where keywords of several categories are in one name, the lowest number wins."
        ),
    )
    keywords_en = models.TextField(
        _("English keywords"),
        blank=True,
        validators=[MaxLengthValidator(_MOST_TEXT), usable_keywords],
        help_text=_(
            "A word or phrase on each line. Whole words count; letter case and accents do not. "
            "Both languages' words are looked for in every name."
        ),
    )
    keywords_es = models.TextField(
        _("Spanish keywords"),
        blank=True,
        validators=[MaxLengthValidator(_MOST_TEXT), usable_keywords],
        help_text=_("Likewise. Write plurals as well: “casa” does not find “casas”."),
    )
    active = models.BooleanField(
        pgettext_lazy("of a category or a membership", "active"),
        default=True,
        help_text=_("Untick it instead of deleting the category: its keywords then count no more."),
    )

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["order", "slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """In the language of whoever looks."""
        return self.name_es if (get_language() or "").startswith("es") else self.name_en

    @property
    def keywords(self) -> list[str]:
        return keywords_in(f"{self.keywords_en}\n{self.keywords_es}")


class CategoryRules(models.Model):
    """One row: which rules are in force, and how far the stored pools follow them.

    `revision` is another at each change of a category. `done_to` is the highest key of a pool that
    has been looked at by these rules, None when all have been.
    """

    revision = models.UUIDField(_("revision"), default=uuid.uuid4)
    done_to = models.BigIntegerField(_("done to"), null=True, default=0)

    class Meta:
        verbose_name = _("category rules")
        verbose_name_plural = _("category rules")

    def __str__(self) -> str:
        if self.done_to is None:
            return gettext("followed")
        return gettext("followed up to key %(key)s") % {"key": self.done_to}


class CategoryCorrection(models.Model):
    """What staff say a pool is for, whatever the rules say; without category: nothing.

    Apart from `Pool`, so that it outlives folding anew and pools that go and return. It holds for
    the pool of that name: another that the chain puts under the same number has its own.
    """

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="+"
    )
    pool_id = UInt256Field(_("pool id"))
    name = models.CharField(_("name"), max_length=400, blank=True)
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        to_field="slug",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    corrected_at = models.DateTimeField(_("corrected at"), auto_now=True)

    class Meta:
        verbose_name = _("category correction")
        verbose_name_plural = _("category corrections")
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "pool_id"], name="correction_once_per_pool"
            ),
        ]

    def __str__(self) -> str:
        pool = gettext("pool %(number)s") % {"number": self.pool_id}
        return f"{pool}: {self.category_id or NO_CATEGORY}"
