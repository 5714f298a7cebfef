import { parseAbi } from 'viem'

/** The part of 0G's InferenceServing (v1.0) that is used here. */
export const inferenceServingAbi = parseAbi([
  'struct Service { address provider; string serviceType; string url; uint256 inputPrice; uint256 outputPrice; uint256 updatedAt; string model; string verifiability; string additionalInfo; address teeSignerAddress; bool teeSignerAcknowledged; }',
  'struct Refund { uint256 index; uint256 amount; uint256 createdAt; bool processed; }',
  'struct Account { address user; address provider; uint256 nonce; uint256 balance; uint256 pendingRefund; Refund[] refunds; string additionalInfo; bool acknowledged; uint256 validRefundsLength; uint256 generation; uint256 revokedBitmap; }',
  'event BalanceUpdated(address indexed user, address indexed provider, uint256 amount, uint256 pendingRefund)',
  'function lockTime() view returns (uint256)',
  'function getAllServices(uint256 offset, uint256 limit) view returns (Service[] services, uint256 total)',
  'function getAccountsByUser(address user, uint256 offset, uint256 limit) view returns (Account[] accounts, uint256 total)',
])
