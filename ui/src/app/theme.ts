import { createTheme, localStorageColorSchemeManager, type MantineColorsTuple } from "@mantine/core";

const boxwood: MantineColorsTuple = [
  "#eef8f2",
  "#dcefe4",
  "#b5dec7",
  "#8acda8",
  "#67be8d",
  "#51b57c",
  "#3f9d69",
  "#2f7a51",
  "#2d6a4f",
  "#1b4332",
];

export const theme = createTheme({
  colors: { boxwood },
  primaryColor: "boxwood",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: {
    fontWeight: "600",
    sizes: { h1: { fontSize: "1.25rem" }, h2: { fontSize: "1.0625rem" }, h3: { fontSize: "0.9375rem" } },
  },
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: "md" } },
    TextInput: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", comboboxProps: { shadow: "md" } } },
    Menu: { defaultProps: { shadow: "md", position: "bottom-start" } },
    Tooltip: { defaultProps: { openDelay: 400 } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
  },
});

export const remembered = localStorageColorSchemeManager({ key: "boxwood-theme" });
