// Prints a viewer's list; graphql() knows the types of the answer from what codegen.ts generated.
import { print } from "graphql";
import type { MyListQuery, MyListQueryVariables } from "./gql/graphql";
import { graphql } from "./gql";

const MyList = graphql(`
  query MyList($first: Int!) {
    recommendations(first: $first) { edges { node { show { title } reasons { text } } } }
  }
`);

const variables: MyListQueryVariables = { first: 5 };
const response = await fetch(`${process.env.BINGEBOARD_URL}/graphql/`, {
  method: "POST",
  headers: { "Content-Type": "application/json", Authorization: `Bearer ${process.env.BINGEBOARD_TOKEN}` },
  body: JSON.stringify({ query: print(MyList), variables }),
});
const answer: { data: MyListQuery } = await response.json();
for (const { node } of answer.data.recommendations.edges) {
  console.log(node.show.title, "-", node.reasons[0].text);
}
