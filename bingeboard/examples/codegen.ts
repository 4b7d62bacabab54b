// Types of every operation in src/, from this server's schema: npx graphql-codegen --config codegen.ts
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: `${process.env.BINGEBOARD_URL}/schema.graphql`,
  documents: ["src/**/*.ts"],
  generates: { "src/gql/": { preset: "client" } },
};

export default config;
