// Compiles CooperativePool.sol with fixed settings and prints the artefact as JSON.
//
//   NODE_PATH=.tools/node_modules node pools/contracts/compile.mjs > artefact.json
//
// It reads the source beside it and npm's solc, nothing else; without a metadata hash the same
// compiler gives the same bytes on every machine.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");
const file = "CooperativePool.sol";
const source = readFileSync(new URL(file, import.meta.url), "utf8");
const settings = {
  evmVersion: "paris",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  optimizer: { enabled: true, runs: 200 },
};

const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: "Solidity",
      sources: { [file]: { content: source } },
      settings: {
        ...settings,
        outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
      },
    }),
  ),
);
const problems = output.errors ?? [];
for (const problem of problems) process.stderr.write(problem.formattedMessage);
if (problems.length > 0) process.exit(1);

const contract = output.contracts[file].CooperativePool;
const artefact = {
  contract: "CooperativePool",
  compiler: solc.version(),
  settings,
  source_sha256: createHash("sha256").update(source).digest("hex"),
  abi: contract.abi,
  bytecode: "0x" + contract.evm.bytecode.object,
};
process.stdout.write(JSON.stringify(artefact, null, 2) + "\n");
