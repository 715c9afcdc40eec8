// Migrations are imported `with { type: "text" }`, so that binaries carry them.

declare module "*.sql" {
  const text: string;
  export default text;
}
