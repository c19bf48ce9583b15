"""The codes with which a whole file is refused, in both languages of the guides."""

from typing import NamedTuple


class Code(NamedTuple):
    """What is wrong, and what to do about it, in Spanish and in English."""

    es: str
    en: str
    todo_es: str
    todo_en: str


FILE_CODES = {
    "BAD_PLACE": Code(
        "El archivo no está donde se leen archivos",
        "The file is not where files are dropped",
        "déjelo en `debts/<cartera>/<archivo>`, con la cartera en a–z, 0–9 y `-`; "
        "los resultados están en `results/none/misplaced/`",
        "drop it as `debts/<portfolio>/<file>`, with the portfolio in a–z, 0–9 and `-`; "
        "its results are under `results/none/misplaced/`",
    ),
    "BAD_CONTROL": Code(
        "En control/ no hay una orden con este nombre",
        "There is no order of this name in control/",
        "el archivo se llama `PAUSE`, o `RESUME` para lo que WhatsApp detuvo, en mayúsculas y sin extensión",
        "the file is called `PAUSE`, or `RESUME` for what WhatsApp has stopped, in capitals, no extension",
    ),
    "BAD_APPROVAL": Code(
        "Este plan no se puede aprobar",
        "This plan cannot be approved",
        "apruebe el plan de hoy o de mañana, en `results/<cartera>/plans/dt=AAAA-MM-DD/plan.csv.approve`; "
        "el motivo dice qué falta",
        "approve the plan of today or tomorrow, in `results/<portfolio>/plans/dt=YYYY-MM-DD/plan.csv.approve`; "
        "the reason tells what is wrong",
    ),
    "BAD_AS_OF": Code(
        "El metadato as-of del archivo no se puede leer",
        "The file's metadata as-of cannot be read",
        "escríbalo como `2026-01-31` o `2026-01-31T18:00:00-06:00`",
        "write it as `2026-01-31` or `2026-01-31T18:00:00-06:00`",
    ),
    "FUTURE_AS_OF": Code(
        "El archivo habla de un día que aún no llega",
        "The file speaks of a day that has not come yet",
        "corrija la fecha del nombre o el metadato `as-of`",
        "correct the date in its name, or its metadata `as-of`",
    ),
    "NOTHING_TO_CONFIRM": Code(
        "Ningún archivo con ese nombre espera confirmación",
        "No file of that name waits to be confirmed",
        "el nombre es el del archivo que espera, y al final `.confirm`; tras siete días deje el archivo otra vez",
        "its name is that of the file that waits, with `.confirm` at the end; after seven days drop it again",
    ),
    "SEVERAL_MAPPINGS": Code(
        "Más de un mapeo sirve para este archivo",
        "More than one mapping is for this file",
        "deje que `applies_to` de solo uno convenga a su nombre",
        "let `applies_to` of one alone fit its name",
    ),
    "TOO_LARGE": Code(
        "El archivo es demasiado grande",
        "The file is too large",
        "divídalo en varios archivos, cada uno con el encabezado",
        "split it into several files, each with the header",
    ),
    "EMPTY_FILE": Code(
        "El archivo está vacío",
        "The file is empty",
        "vea si la exportación funcionó",
        "see whether the export worked",
    ),
    "NOT_A_TABLE": Code(
        "El archivo no es una tabla que se pueda leer",
        "The file is no table that can be read",
        "ábralo con el programa que lo hizo y guárdelo como CSV UTF-8 o XLSX",
        "open it with the program that made it and save it as CSV UTF-8 or XLSX",
    ),
    "BAD_ENCODING": Code(
        "El archivo está en una codificación de texto que no se reconoce",
        "The file is in a text encoding that is not recognised",
        "guárdelo como *CSV UTF-8*, o declare `encoding` en el mapeo; el motivo dice la línea",
        "save it as *CSV UTF-8*, or declare `encoding` in the mapping; the reason tells the line",
    ),
    "MIXED_ENCODING": Code(
        "El archivo mezcla dos codificaciones de texto",
        "The file mixes two text encodings",
        "una sus partes en un programa que guarde todo como *CSV UTF-8*; el motivo dice la línea",
        "join its parts in a program that saves all as *CSV UTF-8*; the reason tells the line",
    ),
    "NOT_CSV": Code(
        "El archivo no se puede leer como CSV",
        "The file cannot be read as CSV",
        "unas comillas que no se cierran, otro separador, una celda o un encabezado demasiado largos: "
        "vea la línea que dice el motivo",
        "a quote that is never closed, another separator, too long a cell or a header: "
        "look at the line in the reason",
    ),
    "DUPLICATE_COLUMN": Code(
        "Dos columnas tienen el mismo nombre",
        "Two columns have the same name",
        "cambie el nombre de una o bórrela",
        "rename or delete one",
    ),
    "MISSING_COLUMN": Code(
        "Falta una columna obligatoria",
        "A required column is missing",
        "agregue las que dice el motivo, o diga en un mapeo cómo se llaman en su archivo",
        "add those in the reason, or say in a mapping what your file calls them",
    ),
    "AMBIGUOUS_COLUMN": Code(
        "No es seguro qué columna es cuál",
        "It is not certain which column is which",
        "diga en un mapeo cuál vale (`columns:`) y cuál no se lee (`ignore:`)",
        "say in a mapping which one counts (`columns:`) and which is not read (`ignore:`)",
    ),
    "AMBIGUOUS_DATES": Code(
        "Las fechas se pueden leer de dos maneras",
        "The dates can be read in two ways",
        "declare `date_order: DMY` (día primero), `MDY` o `YMD` en el mapeo, o el metadato `date-order`",
        "declare `date_order: DMY` (day first), `MDY` or `YMD` in the mapping, or the metadata `date-order`",
    ),
    "AMBIGUOUS_NUMBERS": Code(
        "Los importes se pueden leer de dos maneras",
        "The amounts can be read in two ways",
        'declare `decimal: "."` o `decimal: ","` en el mapeo, o el metadato `decimal`',
        'declare `decimal: "."` or `decimal: ","` in the mapping, or the metadata `decimal`',
    ),
    "MIXED_DATES": Code(
        "El archivo mezcla fechas de distinto orden",
        "The file mixes dates of different orders",
        "escriba todas como `2026-01-31`; si un orden es el bueno, declare `date_order` "
        "y las demás filas se rechazan una a una",
        "write all as `2026-01-31`; if one order is right, declare `date_order` "
        "and the other rows are refused one by one",
    ),
    "MIXED_NUMBERS": Code(
        "El archivo mezcla punto y coma decimal",
        "The file mixes decimal points and decimal commas",
        "escriba todos con el mismo signo; si uno es el bueno, declare `decimal` "
        "y las demás filas se rechazan una a una",
        "write all with the same sign; if one is right, declare `decimal` "
        "and the other rows are refused one by one",
    ),
    "BAD_METADATA": Code(
        "Los metadatos del archivo no se pueden usar",
        "The file's metadata cannot be used",
        "`date-order` es `DMY`, `MDY` o `YMD`; `decimal` es `.` o `,`",
        "`date-order` is `DMY`, `MDY` or `YMD`; `decimal` is `.` or `,`",
    ),
    "BAD_MAPPING": Code(
        "El mapeo no se puede usar",
        "The mapping cannot be used",
        "corrija los campos que dice el motivo, con su línea; hasta entonces vale la versión anterior",
        "mend the fields in the reason, at their lines; until then the version before stays in force",
    ),
}
