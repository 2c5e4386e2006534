// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @title Savings pools in the chain's native coin, many to a contract.
/// @notice Coopsite's own contract for the local chain and for tests. Its events and views are
/// those that a deployed pool contract has; the ways to fund yield and to set what an invested
/// pool pays out stand in for the market that a deployed one invests in.
contract CooperativePool {
    enum Status {
        Accepting,
        Active,
        Closed
    }

    struct PoolInfo {
        uint128 minContribution;
        uint128 maxContribution;
        uint64 maxMembers;
        uint64 currentMembers;
        uint64 createdAt;
        Status status;
        bool allowNewMembers;
        address creator;
        string name;
        uint256 totalBtcDeposited;
        uint256 totalMusdMinted;
        uint256 totalYieldGenerated;
    }

    struct MemberInfo {
        uint128 btcContributed;
        uint128 shares;
        uint64 joinedAt;
        bool active;
        uint256 yieldClaimed;
    }

    /// Yield a member has earned: what is settled, and the index up to which it is.
    struct Earnings {
        uint256 settled;
        uint256 index;
    }

    event PoolCreated(
        uint256 indexed poolId,
        address indexed creator,
        string name,
        uint256 minContribution,
        uint256 maxMembers,
        uint256 timestamp
    );
    event MemberJoined(
        uint256 indexed poolId,
        address indexed member,
        uint256 btcAmount,
        uint256 shares,
        uint256 timestamp
    );
    event MemberLeft(
        uint256 indexed poolId,
        address indexed member,
        uint256 btcAmount,
        uint256 yieldAmount,
        uint256 timestamp
    );
    event PartialWithdrawal(
        uint256 indexed poolId,
        address indexed member,
        uint256 btcAmount,
        uint256 remainingContribution,
        uint256 timestamp
    );
    event YieldClaimed(
        uint256 indexed poolId,
        address indexed member,
        uint256 grossYield,
        uint256 feeAmount,
        uint256 netYield,
        uint256 timestamp
    );
    event PoolStatusUpdated(uint256 indexed poolId, uint8 newStatus);
    event PoolClosed(uint256 indexed poolId, uint256 finalBalance);

    event Paused(address account);
    event Unpaused(address account);
    event EmergencyModeUpdated(bool enabled);
    event PerformanceFeeUpdated(uint256 oldFee, uint256 newFee);
    event FeeCollectorUpdated(address oldCollector, address newCollector);
    event FeesCollected(address indexed collector, uint256 amount);
    event Upgraded(address indexed implementation);
    event Initialized(uint64 version);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    error NotOwner();
    error NotCreator();
    error ContractPaused();
    error NotPaused();
    error EmergencyOnly();
    error NoSuchPool(uint256 poolId);
    error PoolIsClosed(uint256 poolId);
    error PoolIsFull(uint256 poolId);
    error NotAMember(uint256 poolId, address account);
    error BadLimits();
    error BadAmount(uint256 amount);
    error NothingToPay();
    error PaymentFailed(address to, uint256 amount);
    error Reentered();

    /// From this much in a pool on, it is invested.
    uint256 public constant ACTIVATION_THRESHOLD = 0.01 ether;
    uint256 public constant MAX_PERFORMANCE_FEE = 2_000;
    uint256 public constant MAX_PAYOUT_RATE = 20_000;
    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant INDEX_SCALE = 1e18;

    address public owner;
    address public feeCollector;
    bool public paused;
    bool public emergencyMode;
    /// Basis points of gross yield.
    uint256 public performanceFee = 100;
    uint256 public pendingFees;
    uint256 public poolCounter;

    mapping(uint256 => PoolInfo) private pools;
    mapping(uint256 => address[]) private memberLists;
    mapping(uint256 => mapping(address => MemberInfo)) private members;
    mapping(uint256 => mapping(address => Earnings)) private earnings;
    mapping(uint256 => uint256) private sharesOf;
    mapping(uint256 => uint256) private yieldIndex;
    /// Zero means that nothing was set: the pool pays out what was put in.
    mapping(uint256 => uint256) private payoutRates;
    bool private entered;

    constructor() {
        owner = msg.sender;
        feeCollector = msg.sender;
        emit OwnershipTransferred(address(0), msg.sender);
        emit Initialized(1);
    }

    /// A reserve, from which pools that gained are paid.
    receive() external payable {}

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner();
        _;
    }

    modifier whenRunning() {
        if (paused) revert ContractPaused();
        _;
    }

    modifier whenNoEmergency() {
        if (emergencyMode) revert EmergencyOnly();
        _;
    }

    /// Leaving stays possible in an emergency even while the contract is paused.
    modifier whenExitAllowed() {
        if (paused && !emergencyMode) revert ContractPaused();
        _;
    }

    modifier existing(uint256 poolId) {
        if (poolId == 0 || poolId > poolCounter) revert NoSuchPool(poolId);
        _;
    }

    modifier once() {
        if (entered) revert Reentered();
        entered = true;
        _;
        entered = false;
    }

    // What anyone may do

    function createPool(string calldata name, uint256 min, uint256 max, uint256 maxMembers)
        external
        whenRunning
        whenNoEmergency
        returns (uint256 poolId)
    {
        if (min == 0 || min > max || max > type(uint128).max) revert BadLimits();
        if (maxMembers == 0 || maxMembers > type(uint64).max) revert BadLimits();
        poolId = ++poolCounter;
        PoolInfo storage pool = pools[poolId];
        pool.minContribution = uint128(min);
        pool.maxContribution = uint128(max);
        pool.maxMembers = uint64(maxMembers);
        pool.createdAt = uint64(block.timestamp);
        pool.allowNewMembers = true;
        pool.creator = msg.sender;
        pool.name = name;
        emit PoolCreated(poolId, msg.sender, name, min, maxMembers, block.timestamp);
    }

    /// A member who is in adds; one who left starts afresh and stands in the list a second time.
    function joinPool(uint256 poolId)
        external
        payable
        whenRunning
        whenNoEmergency
        existing(poolId)
    {
        PoolInfo storage pool = pools[poolId];
        MemberInfo storage member = members[poolId][msg.sender];
        if (pool.status == Status.Closed) revert PoolIsClosed(poolId);
        uint256 contribution = member.btcContributed + msg.value;
        if (msg.value == 0) revert BadAmount(msg.value);
        if (contribution < pool.minContribution || contribution > pool.maxContribution) {
            revert BadAmount(contribution);
        }
        if (member.active) {
            settle(poolId, msg.sender);
        } else {
            if (pool.currentMembers == pool.maxMembers) revert PoolIsFull(poolId);
            pool.currentMembers++;
            memberLists[poolId].push(msg.sender);
            member.active = true;
            member.joinedAt = uint64(block.timestamp);
            member.yieldClaimed = 0;
            earnings[poolId][msg.sender] = Earnings(0, yieldIndex[poolId]);
        }
        member.btcContributed = uint128(contribution);
        member.shares = uint128(contribution);
        sharesOf[poolId] += msg.value;
        pool.totalBtcDeposited += msg.value;
        if (pool.status == Status.Accepting && pool.totalBtcDeposited >= ACTIVATION_THRESHOLD) {
            pool.status = Status.Active;
            emit PoolStatusUpdated(poolId, uint8(Status.Active));
        }
        emit MemberJoined(poolId, msg.sender, msg.value, contribution, block.timestamp);
    }

    function leavePool(uint256 poolId) external whenExitAllowed once existing(poolId) {
        MemberInfo storage member = activeMember(poolId, msg.sender);
        settle(poolId, msg.sender);
        uint256 contribution = member.btcContributed;
        uint256 payout = paidOutFor(poolId, contribution);
        uint256 gross = earnings[poolId][msg.sender].settled;
        uint256 net = gross - feeOn(gross);
        earnings[poolId][msg.sender].settled = 0;
        pendingFees += gross - net;
        member.btcContributed = 0;
        member.shares = 0;
        member.active = false;
        pools[poolId].currentMembers--;
        pools[poolId].totalBtcDeposited -= contribution;
        sharesOf[poolId] -= contribution;
        emit MemberLeft(poolId, msg.sender, payout, net, block.timestamp);
        pay(msg.sender, payout + net);
    }

    /// Takes `amount` off the contribution; what is paid out for it depends on the pool's rate.
    function withdrawPartial(uint256 poolId, uint256 amount)
        external
        whenExitAllowed
        once
        existing(poolId)
    {
        MemberInfo storage member = activeMember(poolId, msg.sender);
        uint256 contribution = member.btcContributed;
        if (amount == 0 || amount > contribution) revert BadAmount(amount);
        uint256 remaining = contribution - amount;
        if (remaining < pools[poolId].minContribution) revert BadAmount(amount);
        settle(poolId, msg.sender);
        uint256 payout = paidOutFor(poolId, amount);
        member.btcContributed = uint128(remaining);
        member.shares = uint128(remaining);
        pools[poolId].totalBtcDeposited -= amount;
        sharesOf[poolId] -= amount;
        emit PartialWithdrawal(poolId, msg.sender, payout, remaining, block.timestamp);
        pay(msg.sender, payout);
    }

    function claimYield(uint256 poolId)
        external
        whenRunning
        whenNoEmergency
        once
        existing(poolId)
    {
        MemberInfo storage member = activeMember(poolId, msg.sender);
        settle(poolId, msg.sender);
        uint256 gross = earnings[poolId][msg.sender].settled;
        if (gross == 0) revert NothingToPay();
        uint256 fee = feeOn(gross);
        earnings[poolId][msg.sender].settled = 0;
        pendingFees += fee;
        member.yieldClaimed += gross;
        emit YieldClaimed(poolId, msg.sender, gross, fee, gross - fee, block.timestamp);
        pay(msg.sender, gross - fee);
    }

    /// Closed for good, and told by `PoolClosed` alone. Members can still leave.
    function closePool(uint256 poolId) external existing(poolId) {
        PoolInfo storage pool = pools[poolId];
        if (msg.sender != pool.creator && msg.sender != owner) revert NotCreator();
        if (pool.status == Status.Closed) revert PoolIsClosed(poolId);
        pool.status = Status.Closed;
        pool.allowNewMembers = false;
        emit PoolClosed(poolId, pool.totalBtcDeposited);
    }

    // What the owner may do

    function pause() external onlyOwner whenRunning {
        paused = true;
        emit Paused(msg.sender);
    }

    function unpause() external onlyOwner {
        if (!paused) revert NotPaused();
        paused = false;
        emit Unpaused(msg.sender);
    }

    function setEmergencyMode(bool enabled) external onlyOwner {
        emergencyMode = enabled;
        emit EmergencyModeUpdated(enabled);
    }

    function setPerformanceFee(uint256 newFee) external onlyOwner {
        if (newFee > MAX_PERFORMANCE_FEE) revert BadAmount(newFee);
        emit PerformanceFeeUpdated(performanceFee, newFee);
        performanceFee = newFee;
    }

    function setFeeCollector(address newCollector) external onlyOwner {
        emit FeeCollectorUpdated(feeCollector, newCollector);
        feeCollector = newCollector;
    }

    function collectFees() external onlyOwner once {
        uint256 amount = pendingFees;
        if (amount == 0) revert NothingToPay();
        pendingFees = 0;
        emit FeesCollected(feeCollector, amount);
        pay(feeCollector, amount);
    }

    /// Only says so: there is no proxy in front of this contract.
    function upgradeTo(address implementation) external onlyOwner {
        emit Upgraded(implementation);
    }

    function transferOwnership(address newOwner) external onlyOwner {
        emit OwnershipTransferred(owner, newOwner);
        owner = newOwner;
    }

    /// Back to accepting, or active before its time. Closing is `closePool`.
    function setPoolStatus(uint256 poolId, Status status) external onlyOwner existing(poolId) {
        if (status == Status.Closed || pools[poolId].status == Status.Closed) {
            revert PoolIsClosed(poolId);
        }
        pools[poolId].status = status;
        emit PoolStatusUpdated(poolId, uint8(status));
    }

    /// What an invested pool pays out for a contribution, in basis points of it.
    function setPayoutRate(uint256 poolId, uint256 bps) external onlyOwner existing(poolId) {
        if (bps == 0 || bps > MAX_PAYOUT_RATE) revert BadAmount(bps);
        payoutRates[poolId] = bps;
    }

    /// Shares the value sent among the pool's members, by their shares.
    function fundYield(uint256 poolId) external payable onlyOwner existing(poolId) {
        uint256 shares = sharesOf[poolId];
        if (shares == 0 || msg.value == 0 || msg.value > type(uint128).max) {
            revert BadAmount(msg.value);
        }
        yieldIndex[poolId] += (msg.value * INDEX_SCALE) / shares;
        pools[poolId].totalYieldGenerated += msg.value;
    }

    // Views

    function getPoolInfo(uint256 poolId) external view returns (PoolInfo memory) {
        return pools[poolId];
    }

    function getMemberInfo(uint256 poolId, address member)
        external
        view
        returns (MemberInfo memory)
    {
        return members[poolId][member];
    }

    function getPoolMembers(uint256 poolId) external view returns (address[] memory) {
        return memberLists[poolId];
    }

    function getTotalShares(uint256 poolId) external view returns (uint256) {
        return sharesOf[poolId];
    }

    function payoutRate(uint256 poolId) public view returns (uint256) {
        uint256 rate = payoutRates[poolId];
        return rate == 0 ? BASIS_POINTS : rate;
    }

    function pendingYield(uint256 poolId, address account) public view returns (uint256) {
        Earnings storage earned = earnings[poolId][account];
        uint256 since = yieldIndex[poolId] - earned.index;
        return earned.settled + (members[poolId][account].shares * since) / INDEX_SCALE;
    }

    function version() external pure returns (string memory) {
        return "coopsite-1";
    }

    // Inside

    function activeMember(uint256 poolId, address account)
        private
        view
        returns (MemberInfo storage member)
    {
        member = members[poolId][account];
        if (!member.active) revert NotAMember(poolId, account);
    }

    /// Writes down what the member has earned so far, before the member's shares change.
    function settle(uint256 poolId, address account) private {
        uint256 earned = pendingYield(poolId, account);
        earnings[poolId][account] = Earnings(earned, yieldIndex[poolId]);
    }

    /// Until a pool is invested it gives back exactly what was put in.
    function paidOutFor(uint256 poolId, uint256 amount) private view returns (uint256) {
        if (pools[poolId].status == Status.Accepting) return amount;
        return (amount * payoutRate(poolId)) / BASIS_POINTS;
    }

    function feeOn(uint256 gross) private view returns (uint256) {
        return (gross * performanceFee) / BASIS_POINTS;
    }

    function pay(address to, uint256 amount) private {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert PaymentFailed(to, amount);
    }
}
