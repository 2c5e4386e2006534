"""What `/api/v1/coverage` answers and `manage.py coverage --json` prints: one shape for both."""

from pools.schemas import Address, Answer, Moment, Whole
from pools.status_rows import Coverage, Missing


class UnprovedAnswer(Answer):
    from_block: Whole
    to_block: Whole
    reason: str
    since: Moment | None

    @classmethod
    def of(cls, missing: Missing) -> "UnprovedAnswer":
        return cls(
            from_block=missing.from_block,
            to_block=missing.to_block,
            reason=missing.reason,
            since=missing.since,
        )


class ContractCoverage(Answer):
    contract: Address
    chain_id: Whole
    start_block: Whole
    head: Whole | None
    covered_blocks: Whole
    gaps: list[tuple[Whole, Whole]]
    folded_to: int
    pieces: int
    unproved: list[UnprovedAnswer]
    broken_seams: list[Whole]

    @classmethod
    def of(cls, coverage: Coverage) -> "ContractCoverage":
        return cls(
            contract=coverage.contract,
            chain_id=coverage.chain_id,
            start_block=coverage.start_block,
            head=coverage.head,
            covered_blocks=coverage.covered_blocks,
            gaps=coverage.gaps,
            folded_to=coverage.folded_to,
            pieces=coverage.pieces,
            unproved=[UnprovedAnswer.of(one) for one in coverage.unproved],
            broken_seams=coverage.broken_seams,
        )


class CoverageAnswer(Answer):
    contracts: list[ContractCoverage]

    @classmethod
    def of(cls, coverage: list[Coverage]) -> "CoverageAnswer":
        return cls(contracts=[ContractCoverage.of(one) for one in coverage])
