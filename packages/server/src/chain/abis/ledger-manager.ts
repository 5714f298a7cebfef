import { parseAbi } from 'viem'

/** The part of 0G's LedgerManager (v1.0) that is used here. */
export const ledgerManagerAbi = parseAbi([
  'struct Ledger { address user; uint256 availableBalance; uint256 totalBalance; string additionalInfo; }',
  'struct ServiceInfo { address serviceAddress; address serviceContract; string serviceType; string version; string fullName; string description; bool isRecommended; uint256 registeredAt; }',
  'function MIN_ACCOUNT_BALANCE() view returns (uint256)',
  'function MIN_TRANSFER_AMOUNT() view returns (uint256)',
  'function getLedger(address user) view returns (Ledger)',
  'function getServiceInfo(address service) view returns (ServiceInfo)',
  'function depositFund() payable',
  'function transferFund(address provider, string serviceName, uint256 amount)',
  'function retrieveFund(address[] providers, string serviceName)',
  'function refund(uint256 amount)',
  'error LedgerNotExists(address user)',
  'error InsufficientBalance(address user)',
  'error InsufficientAvailableBalance(uint256 available, uint256 required)',
  'error MinimumDepositRequired(uint256 provided, uint256 required)',
  'error TooManyProviders(uint256 requested, uint256 maximum)',
  'error TransferFailed()',
  'error LedgerLocked()',
  'error CallFailed()',
])
