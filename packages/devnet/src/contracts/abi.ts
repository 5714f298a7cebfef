import { parseAbi } from 'viem'

// Only what the devnet calls. Source: the LedgerManager and InferenceServing contracts of 0G.

export const ledgerAbi = parseAbi([
  'function initialize(address owner)',
  'function registerService(string serviceType, string version, address serviceAddress, string description)',
  'function setRecommendedService(string serviceType, string version)',
])

export const beaconAbi = parseAbi(['constructor(address implementation)'])
export const beaconProxyAbi = parseAbi(['constructor(address beacon, bytes data) payable'])

export const inferenceAbi = parseAbi([
  'struct ServiceParams { string serviceType; string url; string model; string verifiability; uint256 inputPrice; uint256 outputPrice; string additionalInfo; address teeSignerAddress; }',
  'struct Service { address provider; string serviceType; string url; uint256 inputPrice; uint256 outputPrice; uint256 updatedAt; string model; string verifiability; string additionalInfo; address teeSignerAddress; bool teeSignerAcknowledged; }',
  'struct Refund { uint256 index; uint256 amount; uint256 createdAt; bool processed; }',
  'struct Account { address user; address provider; uint256 nonce; uint256 balance; uint256 pendingRefund; Refund[] refunds; string additionalInfo; bool acknowledged; uint256 validRefundsLength; uint256 generation; uint256 revokedBitmap; }',
  'struct TEESettlementData { address user; address provider; uint256 totalFee; bytes32 requestsHash; uint256 nonce; bytes signature; }',
  'function initialize(uint256 lockTime, address ledger, address owner)',
  'function addOrUpdateService(ServiceParams params) payable',
  'function acknowledgeTEESignerByOwner(address provider)',
  'function owner() view returns (address)',
  'function lockTime() view returns (uint256)',
  'function updateLockTime(uint256 lockTime)',
  'function ledgerAddress() view returns (address)',
  'function getService(address provider) view returns (Service)',
  'function getAccount(address user, address provider) view returns (Account)',
  'function settleFeesWithTEE(TEESettlementData[] settlements) returns (uint8[])',
  'event TEESettlementResult(address indexed user, uint8 status, uint256 unsettledAmount)',
  'error AccountNotExists(address user, address provider)',
  'error ServiceNotExist(address provider)',
])
