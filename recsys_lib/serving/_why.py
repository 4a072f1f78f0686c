"""Questions about a user and an item: why it is in the list, or why it is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from recsys_lib.blend import Repeats, Standing
from recsys_lib.search import Filters
from recsys_lib.serving._checks import check_choice, check_id
from recsys_lib.serving._explanations import Explanation, Status, sources_table
from recsys_lib.serving._models import FilterArgument, Wishes
from recsys_lib.serving._process import check_process
from recsys_lib.serving._ranked import Ranked
from recsys_lib.serving._rankings import ALS, by_blend
from recsys_lib.serving._users import UserQuestions


@dataclass(frozen=True)
class _Scored:
    """The ranking for a user, and what it says of one item.

    Parameters
    ----------
    owned: whether the user has the item.
    repeats_allow: whether an item that is owned, or is not, may be in the list.
    score: of the item; None where the model does not know it.
    reason: why it would be recommended.
    """

    ranked: Ranked
    owned: bool
    repeats_allow: bool
    score: float | None
    standings: list[Standing]
    reason: str


class WhyQuestions(UserQuestions):
    """Where an item stands for a user."""

    def explain(  # noqa: PLR0913  # most are optional
        self,
        user_id: str,
        item_id: str,
        n: int = 10,
        *,
        repeats: Repeats = "exclude",
        filters: FilterArgument = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = True,
    ) -> Explanation:
        """Why an item is recommended to a user: its place, and what each source adds to its score.

        Parameters
        ----------
        user_id
            A user of the training data.
        item_id
            A rated item, or a product of the catalogue.
        n
            Length of the list that is asked about.
        repeats, filters, exclude, diversity, group_variants
            As in the call of :meth:`recommend` that is asked about.

        Returns
        -------
        Explanation
            Place, score, sources and a sentence. Rank and score are exactly those of
            :meth:`recommend`.

        Raises
        ------
        UnknownUserError, UnknownItemError
            For an id that the version does not know.
        QueryError
            As :meth:`recommend`.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> user = recommender.example_users(1)[0]  # doctest: +SKIP
        >>> item = recommender.recommend(user)["item_id"][0]  # doctest: +SKIP
        >>> recommender.explain(user, item).sources  # doctest: +SKIP
        """
        wishes = self._wishes(n, filters, exclude, diversity, group_variants)
        return self._explained(user_id, item_id, wishes, repeats, advise=False)

    def why_not(  # noqa: PLR0913  # most are optional
        self,
        user_id: str,
        item_id: str,
        n: int = 10,
        *,
        repeats: Repeats = "exclude",
        filters: FilterArgument = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = True,
    ) -> Explanation:
        """Why an item is not among the first n for a user, and what it would take.

        Parameters
        ----------
        user_id, item_id, n, repeats, filters, exclude, diversity, group_variants
            As for :meth:`explain`.

        Returns
        -------
        Explanation
            The same, with a sentence about what is missing.

        Raises
        ------
        UnknownUserError, UnknownItemError, QueryError
            As :meth:`explain`.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> user = recommender.example_users(1)[0]  # doctest: +SKIP
        >>> print(recommender.why_not(user, recommender.example_items(1)[0]))  # doctest: +SKIP
        """
        wishes = self._wishes(n, filters, exclude, diversity, group_variants)
        return self._explained(user_id, item_id, wishes, repeats, advise=True)

    def _explained(
        self, user_id: str, item_id: str, wishes: Wishes, repeats: Repeats, *, advise: bool
    ) -> Explanation:
        check_process()
        check_choice("repeats", repeats, get_args(Repeats))
        user = self._user_row(user_id)
        check_id("item_id", item_id, self._item_ids)
        self._require_known([item_id])
        item, title = self.items.ids.row(item_id), self._title(item_id)
        wishes = self._by_rules(wishes, lambda: self._asked_for(user_id, user), repeats)
        scored = self._scored(user, item, wishes, repeats)
        rows, scores, moved, rule = self._whole(item, scored, wishes)
        place = np.flatnonzero(rows == item)
        rank = int(place[0]) + 1 if len(place) else None
        status = "ruled" if rule else self._status(item_id, item, rank, scored, wishes)
        score, gap = scored.score, None
        if rank is not None:
            last = min(wishes.options.n, len(rows)) - 1
            score = float(scores[rank - 1])
            gap = max(0.0, float(scores[last]) - score)
        said = {
            "title": title,
            "rank": rank,
            "score": score,
            "n": wishes.options.n,
            "gap": gap,
            "reason": scored.reason,
            "rule": rule,
        }
        if status == "filtered":
            said["filters"] = ", ".join(self._failed(item, wishes.filters))
        if status == "variant":
            said |= self._other_variant(item, rows)
        sentence = _SENTENCES[status].format_map(said)
        sentence += f" A rule of the shop moved it: {moved}." if moved else ""
        if rank is not None and wishes.options.diversity:
            sentence += self._by_diversity(item, rank, scored, wishes)
        elif status == "below" and advise:
            sentence = f"{sentence} {_advice(scored.standings, gap or 0.0)}"
        table = sources_table(scored.standings)
        return Explanation(user_id, item_id, title, status, rank, score, gap, table, sentence)

    def _other_variant(self, item: int, rows: np.ndarray) -> dict[str, Any]:
        """Title and place of the variant that a list has in place of an item."""
        at = int(np.flatnonzero(self.items.groups[rows] == self.items.groups[item])[0])
        return {"other": self._title(str(self.items.ids.ids(rows[[at]])[0])), "rank": at + 1}

    def _whole(
        self, item: int, scored: _Scored, wishes: Wishes
    ) -> tuple[np.ndarray, np.ndarray, str | None, str | None]:
        """The list of all items, and the rules that moved the item, or left it out."""
        options = replace(wishes.options, n=len(self.items))
        if options.rules is None:
            return *options.choose(scored.ranked, self.items), None, None
        found = options.by_rules(scored.ranked, self.items, options.rules)
        moved = next(
            (rule for row, rule in zip(found.rows, found.rules, strict=True) if row == item), None
        )
        return found.rows, found.scores, moved, dict(found.left_out).get(item)

    def _by_diversity(self, item: int, rank: int, scored: _Scored, wishes: Wishes) -> str:
        """What diversity did to the place of an item; "" where it decided nothing."""
        n = wishes.options.n
        by_score = replace(wishes.options, n=len(self.items), diversity=0.0)
        rows, _ = by_score.choose(scored.ranked, self.items)
        (before,) = np.flatnonzero(rows == item) + 1
        if (rank <= n) == (before <= n):
            return ""
        way = "up" if rank <= n else "down"
        return f" Diversity moved it {way}: by its score alone it is at place {before}."

    def _scored(self, user: int, item: int, wishes: Wishes, repeats: Repeats) -> _Scored:
        if self.blend is None:
            return self._scored_by_als(user, item, wishes, repeats)
        ranking = self.blend.for_user(user, repeats, wishes.allowed)
        owned = bool(np.isin(item, ranking.scores.history.items))
        return _Scored(
            by_blend(ranking),
            owned,
            _may_be_listed(repeats, owned=owned),
            float(ranking.scores.total[0, item]),
            ranking.standings(item),
            ranking.reasons(np.array([item]))[0].text,
        )

    def _scored_by_als(self, user: int, item: int, wishes: Wishes, repeats: Repeats) -> _Scored:
        """The same of matrix factorization, the only source of a version without a blend."""
        als = self.require_als()
        ranked = self.rankings.for_user(als, user, repeats, wishes.allowed)
        history = als.history(user)
        if item >= len(als.items):
            return _Scored(ranked, False, True, None, [], "")
        scores = als.model.item_factors @ als.user_vector(user)
        own = float(scores[item])
        new = np.delete(scores, history[history != item])
        best = float(new.max())
        rank = 1 + int((new > own).sum())
        standing = Standing(ALS, rank, own / best if best > 0 else 0.0, best, own)
        reason = "users with the same taste liked it"
        owned = bool(np.isin(item, history))
        allowed = _may_be_listed(repeats, owned=owned)
        return _Scored(ranked, owned, allowed, own, [standing], reason)

    def _status(
        self, item_id: str, item: int, rank: int | None, scored: _Scored, wishes: Wishes
    ) -> Status:
        if rank is not None:
            return "listed" if rank <= wishes.options.n else "below"
        if scored.score is None:
            return "unknown"
        if not scored.repeats_allow:
            return "owned" if scored.owned else "new"
        if item_id in wishes.exclude:
            return "excluded"
        filtered = wishes.allowed is not None and not wishes.allowed[item]
        return "filtered" if filtered else "variant"

    def _failed(self, item: int, filters: Filters) -> list[str]:
        """Names of the conditions that the item does not meet."""
        failed = []
        for name, value in filters.model_dump(exclude_defaults=True).items():
            met = Filters.model_validate({name: value}).allowed(self.items.facet_index)
            if met is not None and not met[item]:
                failed.append(name)
        return failed

    def _title(self, item_id: str) -> str:
        return self._tables.item(item_id)["title"] or item_id


_SENTENCES: dict[Status, str] = {
    "listed": "{title} is at place {rank} of the list, with a score of {score:.4g}: {reason}.",
    "below": "{title} is at place {rank}, with a score of {score:.4g}, which is {gap:.4g} less "
    "than place {n} has.",
    "owned": "{title} is in the user's history, and lists leave that out unless "
    "filter_already_liked is off.",
    "new": "{title} is not in the user's history, and repeats='only' lists nothing else.",
    "excluded": "{title} is left out by exclude.",
    "filtered": "{title} does not pass these filters, or its value is not known: {filters}.",
    "ruled": "{title} is in no list by a rule of the shop: {rule}.",
    "variant": "{title} is a variant of {other}, which is at place {rank} and stands for it.",
    "unknown": "{title} has no interactions, so matrix factorization does not know it; the blend "
    "of an evaluated version does.",
}


def _may_be_listed(repeats: Repeats, *, owned: bool) -> bool:
    return repeats == "allow" or owned == (repeats == "only")


def _advice(standings: list[Standing], gap: float) -> str:
    """What it would take to close the gap to the list."""
    possible: dict[str, Any] = {s.source: s.weight - s.contribution for s in standings}
    enough = sorted((s for s in possible if possible[s] > gap), key=lambda s: -possible[s])
    if enough:
        return f"To be the best item of one source would be enough: {' or '.join(enough)}."
    best = max(possible, key=lambda s: possible[s])
    return (
        f"To be the best item of one source would not be enough: {best} would add most, "
        f"{possible[best]:.4g}."
    )
